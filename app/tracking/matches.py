"""What events carry for a platform to recognise people by, counted as they are accepted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, func, select

from app.core.rollup import Rollup, hour_of
from app.tracking.models import MatchHour

SIGNS = {  # column -> what of an event's identity it counts
    "em": "em",
    "ph": "ph",
    "fbc": "fbc",
    "fbp": "fbp",
    "address": "client_ip_address",
    "agent": "client_user_agent",
}
IDENTIFYING = frozenset({"facebook"})  # platforms that match by more than a click id
_PLACES = tuple(enumerate(SIGNS.values(), start=1))
_add = Rollup(MatchHour)


class Accepted(NamedTuple):
    """An event as it is counted."""

    account_id: UUID
    target_id: UUID
    platform: str
    at: datetime
    identity: Mapping[str, Any]


def count(connection: Connection, accepted: Iterable[Accepted]) -> None:
    """Counts newly accepted events, in the transaction that accepts them; not those that are never sent because the
    person refused consent, which carry nothing."""
    hours: dict[tuple[UUID, datetime, UUID], list[int]] = {}
    for account_id, target_id, platform, at, identity in accepted:
        if platform not in IDENTIFYING or not identity:
            continue
        key = account_id, hour_of(at), target_id
        row = hours.get(key)
        if row is None:
            row = hours[key] = [0] * (1 + len(SIGNS))
        _add_signs(row, identity, 1)
        row[0] += 1
    _add(connection, hours)


def _add_signs(row: list[int], identity: Mapping[str, Any], number: int) -> None:
    for place, sign in _PLACES:
        if identity.get(sign):
            row[place] += number


def recount(
    connection: Connection,
    account_id: UUID,
    target_id: UUID,
    at: datetime,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """An event accepted at `at` was corrected: its signs are counted anew."""
    row = [0] * (1 + len(SIGNS))
    _add_signs(row, before, -1)
    _add_signs(row, after, 1)
    if any(row):
        _add(connection, {(account_id, hour_of(at), target_id): row})


@dataclass(frozen=True, slots=True)
class Matches:
    """How many of `events` carried each sign (`em`, `ph`, `fbc`, `fbp`, `address`, `agent`)."""

    events: int
    signs: Mapping[str, int]

    def share(self, sign: str) -> float | None:
        return self.signs[sign] / self.events if self.events else None

    @property
    def quality(self) -> float | None:
        """The average share of the signs: 1 when every event carries all of them."""
        return sum(self.signs.values()) / (self.events * len(SIGNS)) if self.events else None


def total(
    connection: Connection, account_id: UUID, start: datetime, end: datetime, target_id: UUID | None = None
) -> Matches:
    """Of the hours that begin in [start, end)."""
    columns = [func.coalesce(func.sum(getattr(MatchHour, name)), 0) for name in ("events", *SIGNS)]
    found = select(*columns).where(MatchHour.account_id == account_id, MatchHour.hour >= start, MatchHour.hour < end)
    if target_id is not None:
        found = found.where(MatchHour.target_id == target_id)
    events, *signs = (int(number) for number in connection.execute(found).one())
    return Matches(events, dict(zip(SIGNS, signs, strict=True)))
