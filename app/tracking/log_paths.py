"""The ways into the event log: for each filter the statements whose indexes lead to its rows and past no others.

What drives a statement is said as it is; all else stands `aside`, in a form that no index is taken for, so that both
databases walk the index we mean, newest first, and stop at the limit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text, true, tuple_

from app.core.ids import created_at, to_uuid7
from app.outbound.models import IS_OPEN, OPEN_STATUSES, Delivery, Status, TargetState
from app.tracking.filters import Filters, Wish
from app.tracking.models import TrackedEvent
from app.tracking.pixel_targets import PixelTarget, chosen, in_state

PREFIX = "track_"  # of a request id; the rest is the hex of the event's id
MOST_WALKS = 20  # targets that are walked one by one and merged; of more, all events are looked at
IS_DEAD = text("status = 'dead'")  # as the partial indexes spell them
IS_CANCELLED = text("status = 'cancelled'")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEWEST = (TrackedEvent.created_at.desc(), TrackedEvent.id.desc())
MILLISECOND = timedelta(milliseconds=1)

Key = tuple[datetime, UUID]  # created_at and id of an event
Keys = Select[*tuple[Any, ...]]  # of (created_at, id) of events, newest first
Conditions = list[ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Events accepted from `start` until just before `end`, and before the event `after` (the last of the page
    before)."""

    start: datetime | None = None
    end: datetime | None = None
    after: Key | None = None

    def of_events(self) -> Conditions:
        at = TrackedEvent.created_at
        found: Conditions = [at >= self.start] if self.start else []
        found += [at < self.end] if self.end else []
        return found + ([tuple_(at, TrackedEvent.id) < tuple_(*self.after)] if self.after else [])

    def of_deliveries(self) -> Conditions:
        """By the delivery's id, which is its event's: ids sort by time."""
        found: Conditions = [Delivery.id >= _first_id(self.start)] if self.start else []
        found += [Delivery.id < _first_id(self.end)] if self.end else []
        return found + ([Delivery.id < self.after[1]] if self.after else [])


def _first_id(moment: datetime) -> UUID:
    """No id of an event accepted at this time or later is smaller."""
    return UUID(int=max(0, -((EPOCH - moment) // MILLISECOND)) << 80)


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: the filters, what they mean among the account's pixels, and the part of the log."""

    account_id: UUID
    wanted: Filters
    own: Mapping[UUID, PixelTarget]
    stretch: Stretch

    @property
    def targets(self) -> frozenset[UUID] | None:
        return chosen(self.own, platform=self.wanted.platform, pixel=self.wanted.pixel)

    @property
    def state(self) -> Wish | None:
        return Wish.FAILED if self.wanted.error is not None else self.wanted.status

    def of_event(self) -> dict[str, ColumnElement[bool]]:
        """The conditions on an event's own columns."""
        wanted = self.wanted
        found: dict[str, ColumnElement[bool]] = {}
        if wanted.client is not None:
            found["client"] = TrackedEvent.client_id == wanted.client
        if (targets := self.targets) is not None:
            found["target"] = TrackedEvent.target_id.in_(targets)
        if wanted.event is not None:
            found["event"] = TrackedEvent.event_name == wanted.event
        return found

    def of_delivery(self) -> Conditions:
        """What the wanted state says of an event's delivery, and nothing when any will do."""
        is_open = Delivery.status.in_(OPEN_STATUSES)
        paused, deleted = (in_state(self.own, state) for state in (TargetState.PAUSED, TargetState.DELETED))
        match self.state:
            case None:
                return []
            case Wish.DELIVERED:
                return [Delivery.status == Status.DONE]
            case Wish.FAILED:
                right_class = [] if self.wanted.error is None else [Delivery.error == self.wanted.error]
                return [Delivery.status == Status.DEAD, *right_class]
            case Wish.CANCELLED:  # what is open of a deleted pixel is about to be
                dropped = is_open & Delivery.target_id.in_(deleted)
                return [or_(Delivery.status == Status.CANCELLED, dropped)]
            case Wish.PAUSED:
                return [is_open, Delivery.target_id.in_(paused)]
            case Wish.PENDING:
                return [is_open, Delivery.target_id.not_in(paused | deleted)]
            case Wish.WAITING:
                return [is_open, Delivery.target_id.not_in(deleted)]


def aside(conditions: Iterable[ColumnElement[bool]]) -> Conditions:
    """The same conditions, for which no index is taken."""
    return [condition.is_(true()) for condition in conditions]


def _beside(column: Any) -> ColumnElement[Any]:
    """A column to sort by, for whose order no index is taken: SQLite would rather walk all of the account's events in
    the right order than sort the few that another index finds."""
    return func.coalesce(column, column)


def by_event(query: Query, stretch: Stretch) -> list[Keys]:
    """Events by themselves, in the order of one of their indexes that begin with what is asked for."""
    rest = query.of_event()
    is_own = TrackedEvent.account_id == query.account_id
    targets = query.targets
    drivers: list[Conditions] = []
    if "client" in rest:
        drivers = [[rest.pop("client"), *aside([is_own])]]
    elif targets is not None and len(targets) <= MOST_WALKS:
        del rest["target"]
        drivers = [[TrackedEvent.target_id == target, *aside([is_own])] for target in sorted(targets)]
    elif "event" in rest:
        drivers = [[is_own, rest.pop("event")]]
    else:
        return [_events(query, rest.values()).where(is_own, *stretch.of_events()).order_by(*NEWEST)]
    found = [_events(query, rest.values()).where(*driving, *stretch.of_events()) for driving in drivers]
    return [one.order_by(TrackedEvent.created_at.desc(), _beside(TrackedEvent.id).desc()) for one in found]


def by_text(query: Query) -> list[Keys]:
    """The event of a request id, and those of an event id or a click id."""
    wanted = query.wanted.text or ""
    ways = [TrackedEvent.event_id == wanted, TrackedEvent.click_id == wanted]
    if (id_ := to_event_id(wanted)) is not None:
        ways.append((TrackedEvent.created_at == created_at(id_)) & (TrackedEvent.id == id_))
    found = _events(query, query.of_event().values())
    found = found.where(TrackedEvent.account_id == query.account_id, *aside(query.stretch.of_events()))
    newest = _beside(TrackedEvent.created_at).desc(), _beside(TrackedEvent.id).desc()
    return [found.where(way).order_by(*newest) for way in ways]


def _events(query: Query, rest: Iterable[ColumnElement[bool]]) -> Keys:
    """With a join only when the delivery's state matters."""
    found = select(TrackedEvent.created_at, TrackedEvent.id).where(*aside(rest))
    if state := query.of_delivery():
        one_id = (Delivery.account_id == TrackedEvent.account_id) & (Delivery.id == TrackedEvent.id)
        found = found.join(Delivery, one_id).where(*aside(state))
    return found


def by_delivery(query: Query, which: Any, *, by_target: bool = False) -> list[Keys]:
    """Deliveries in a state (`which`, as its partial index spells it) lead to their events. `by_target`: the state has
    an index for single targets."""
    targets = query.targets
    is_own = Delivery.account_id == query.account_id
    drivers: list[Conditions] = [[is_own]]
    if by_target and targets is not None and len(targets) <= MOST_WALKS:
        drivers = [[Delivery.target_id == target, *aside([is_own])] for target in sorted(targets)]
    return [
        _deliveries(query).where(which, *driving, *query.stretch.of_deliveries()).order_by(Delivery.id.desc())
        for driving in drivers
    ]


def by_due(query: Query, targets: Collection[UUID]) -> list[Keys]:
    """All that is open of a few targets, sorted afterwards: for targets that have little of it."""
    found = _deliveries(query).where(Delivery.target_id.in_(targets), IS_OPEN, Delivery.next_at > EPOCH)
    found = found.where(*aside([Delivery.account_id == query.account_id, *query.stretch.of_deliveries()]))
    return [found.order_by(Delivery.ref_at.desc(), Delivery.ref_id.desc())] if targets else []


def _deliveries(query: Query) -> Keys:
    event = and_(
        TrackedEvent.account_id == Delivery.account_id,
        TrackedEvent.created_at == Delivery.ref_at,
        TrackedEvent.id == Delivery.ref_id,
    )
    rest = aside([*query.of_event().values(), *query.of_delivery()])
    return select(TrackedEvent.created_at, TrackedEvent.id).select_from(Delivery).join(TrackedEvent, event).where(*rest)


def request_id(event_id: UUID) -> str:
    return f"{PREFIX}{event_id.hex}"


def to_event_id(text: str) -> UUID | None:
    """The id in `track_<hex>` or a bare UUID; None for anything else."""
    return to_uuid7(text.removeprefix(PREFIX))
