"""The event log read back: events newest first, each with where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.orm import Session

from app.core import cursor
from app.outbound import figures
from app.outbound.models import IS_OPEN, Delivery, TargetState
from app.tracking import delivered
from app.tracking.filters import Filters, Wish
from app.tracking.log_paths import (
    IS_CANCELLED,
    IS_DEAD,
    NEWEST,
    Key,
    Keys,
    Query,
    Stretch,
    aside,
    by_delivery,
    by_due,
    by_event,
    by_text,
)
from app.tracking.models import TrackedEvent
from app.tracking.pixel_targets import PixelTarget, holding, in_state, pixel_targets
from app.tracking.status import event_status

ORDER: list[ColumnElement[Any]] = [*NEWEST]


@dataclass(frozen=True, slots=True)
class Line:
    """One event of the list, with where it stands. `reason` says why it is not delivered (yet)."""

    event: TrackedEvent
    delivery: Delivery | None
    status: str

    @property
    def reason(self) -> str | None:
        waits = self.status != "delivered"
        return self.delivery.detail if self.delivery is not None and waits else None


@dataclass(frozen=True, slots=True)
class Lines:
    """One page; `next` is the cursor of the following one, None on the last."""

    rows: list[Line]
    next: str | None = None


def search(session: Session, account_id: UUID, wanted: Filters, *, after: str | None = None, limit: int = 50) -> Lines:
    """Events newest first. Raises Malformed for a cursor that is not ours; any cursor of this list fits any filter,
    since it says no more than where a page ended."""
    behind = _position(after) if after else None
    own = pixel_targets(session, account_id)
    keys = newest(session, Query(account_id, wanted, own, Stretch(wanted.start, wanted.end, behind)), limit + 1)
    following = cursor.encode(ORDER, keys[limit - 1]) if len(keys) > limit else None
    return Lines(_lines(session, account_id, own, keys[:limit]), following)


def _position(after: str) -> Key:
    at, id_ = cursor.decode(after, ORDER)
    return at, id_


def newest(session: Session, query: Query, limit: int) -> list[Key]:
    """The keys of the newest events, at most `limit`: each statement gives its own newest, and they are merged."""
    if query.targets is not None and not query.targets:
        return []
    found: set[Key] = set()
    for statement in statements(session.connection(), query, limit):
        found.update((row[0], row[1]) for row in session.execute(statement.limit(limit)))
    return sorted(found, reverse=True)[:limit]


def statements(connection: Connection, query: Query, limit: int) -> list[Keys]:
    """What has to be asked for the newest `limit` events of a query."""
    if query.wanted.text is not None:
        return by_text(query)
    match query.state:
        case None:
            return by_event(query, query.stretch)
        case Wish.DELIVERED:
            only = query.wanted.client is None and query.wanted.event is None
            parts = delivered.stretches(
                connection, query.account_id, query.targets, query.stretch, limit, all_match=only
            )
            return [statement for part in parts for statement in by_event(query, part)]
        case Wish.FAILED:
            return by_delivery(query, IS_DEAD, by_target=True)
        case Wish.CANCELLED:
            deleted = in_state(query.own, TargetState.DELETED)
            return by_delivery(query, IS_CANCELLED) + by_due(query, deleted)
    return _open(connection, query)


def _open(connection: Connection, query: Query) -> list[Keys]:
    """What waits is walked newest first, past what waits elsewhere; or, where that is more, all of it is taken and
    sorted."""
    every = frozenset(query.own) if query.targets is None else query.targets
    among = holding(query.own, every, query.state)
    now = figures.now_by_target(connection, query.account_id)
    mine = sum(each.open for target, each in now.items() if target in among)
    others = sum(each.open for target, each in now.items() if target not in among)
    return by_due(query, among) if mine < others or not among else by_delivery(query, IS_OPEN)


def _lines(session: Session, account_id: UUID, own: dict[UUID, PixelTarget], keys: Sequence[Key]) -> list[Line]:
    """The events of the keys, in their order."""
    one_id = (Delivery.account_id == TrackedEvent.account_id) & (Delivery.id == TrackedEvent.id)
    found = (
        select(TrackedEvent, Delivery)
        .outerjoin(Delivery, one_id)
        .where(TrackedEvent.account_id == account_id, TrackedEvent.created_at.in_({at for at, _id in keys}))
        .where(*aside([TrackedEvent.id.in_([id_ for _at, id_ in keys])]))
    )
    rows: Iterable[Any] = session.execute(found) if keys else ()
    lines = {event.id: _line(event, delivery, own.get(event.target_id)) for event, delivery in rows}
    return [lines[id_] for _at, id_ in keys if id_ in lines]


def _line(event: TrackedEvent, delivery: Delivery | None, target: PixelTarget | None) -> Line:
    state = target.state if target is not None else None
    return Line(event, delivery, event_status(delivery.status if delivery is not None else None, state))
