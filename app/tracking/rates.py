"""How many events a client may send, in all and to one pixel; only who has such limits pays for the look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from uuid import UUID

from app.core.errors import AppError, TooMany
from app.core.ratelimit import ClientLimits, Full, RateLimiter
from app.core.steps import may_block
from app.tracking.draft import Draft
from app.tracking.lookup import KnownClient, KnownPixel, Lookups

PIXEL = "client-pixel"
WINDOWS = {60: "a minute", 3600: "an hour", 86_400: "a day"}
LimitsOf = Callable[[KnownClient], ClientLimits | None]


class Rates:
    """The counts of one process's intake, which all processes share."""

    def __init__(self, limiter: RateLimiter, lookups: Lookups) -> None:
        self._limiter = limiter
        self._lookups = lookups

    def check(self, client: KnownClient, cost: int) -> None:
        """The client's own limits, for all its events together. Raises TooMany."""
        if any(client.limits):
            full = self._look(client, lambda known: known.limits, str(client.id), cost, "client")
            if full is not None:
                raise full.refusal()

    def check_pixel(self, client: KnownClient, pixel: KnownPixel) -> None:
        """The client's limits at this pixel, for one event that `check` has counted already. Raises TooMany."""
        if client.pixel_limits is None or pixel.id not in client.pixel_limits:
            return
        full = self._look(client, lambda known: _at(known, pixel.id), _counted(client, pixel.id), 1, PIXEL)
        if full is not None:
            self._limiter.give_back_client(client.id, client.limits, 1)
            raise _refusal(full, pixel)

    def within(self, client: KnownClient, drafts: Sequence[Draft | AppError]) -> list[Draft | AppError]:
        """Of a batch that `check` has counted: what is over the limit of its pixel is refused, the first ones pass."""
        wanted = Counter(draft.pixel.id for draft in drafts if isinstance(draft, Draft))
        room: dict[UUID, tuple[int, Full | None]] = {}
        for id_, number in wanted.items():
            limits = _at(client, id_)
            if limits is not None:
                room[id_] = self._limiter.check_some(_counted(client, id_), limits, number, PIXEL)
        over = sum(wanted[id_] - fits for id_, (fits, _full) in room.items())
        if over:
            self._limiter.give_back_client(client.id, client.limits, over)
        return [_judged(draft, room) for draft in drafts]

    def _look(self, client: KnownClient, limits_of: LimitsOf, counted: str, cost: int, name: str) -> Full | None:
        """A refusal rests on limits that are no older than a second."""
        may_block()
        limits = limits_of(client)
        full = None if limits is None else self._limiter.check_client(counted, limits, cost, name)
        if full is None:
            return None
        now_client = self._lookups.client(client.token_hash, fresh=True)
        now_limits = None if now_client is None else limits_of(now_client)
        if now_client is None or now_limits == limits:
            return full
        return None if now_limits is None else self._limiter.check_client(counted, now_limits, cost, name)


def _at(client: KnownClient, pixel_id: UUID) -> ClientLimits | None:
    return None if client.pixel_limits is None else client.pixel_limits.get(pixel_id)


def _counted(client: KnownClient, pixel_id: UUID) -> str:
    return f"{client.id}:{pixel_id}"


def _judged(draft: Draft | AppError, room: dict[UUID, tuple[int, Full | None]]) -> Draft | AppError:
    if isinstance(draft, AppError) or draft.pixel.id not in room:
        return draft
    fits, full = room[draft.pixel.id]
    if fits:
        room[draft.pixel.id] = (fits - 1, full)
        return draft
    assert full is not None  # else all of them fit
    return _refusal(full, draft.pixel)


def _refusal(full: Full, pixel: KnownPixel) -> TooMany:
    often = f"{full.limit.amount} events {WINDOWS[full.limit.seconds]}"
    return full.refusal(f"Pixel {pixel.pixel_id} takes {often} from this client")
