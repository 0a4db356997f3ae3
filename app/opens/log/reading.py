"""The log read back: opens newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.core import cursor
from app.core.periods import DAY, HOUR
from app.opens.log.filters import Filters
from app.opens.models import Open, OpenSliceDay, OpenSliceHour, UserAgent

LATEST = datetime(9000, 1, 1, tzinfo=UTC)
AT_ONCE = 31
ORDER: list[ColumnElement[Any]] = [Open.created_at.desc(), Open.id.desc()]


class Line(NamedTuple):
    """One open and the user agent that asked."""

    open: Open
    agent: str | None


@dataclass(frozen=True, slots=True)
class Lines:
    """One page; `next` is the cursor of the following one, None on the last."""

    rows: list[Line]
    next: str | None = None


def search(session: Session, account_id: UUID, wanted: Filters, *, after: str | None = None, limit: int = 50) -> Lines:
    """Opens newest first. Raises Malformed for a cursor that is not ours; any cursor of this list fits any filter."""
    behind = cursor.decode(after, ORDER) if after else None
    rows: list[Line] = []
    for part in _stretches(session, account_id, wanted, behind[0] if behind else None):
        found = select(Open, UserAgent.text).outerjoin(UserAgent, UserAgent.id == Open.agent_id)
        found = found.where(*part.conditions(account_id)).order_by(*ORDER).limit(limit + 1 - len(rows))
        if behind is not None:
            found = found.where(cursor.follows(ORDER, behind))
        rows += [Line(*row) for row in session.execute(found)]
        if len(rows) > limit:
            last = rows[limit - 1].open
            return Lines(rows[:limit], cursor.encode(ORDER, [last.created_at, last.id]))
    return Lines(rows)


def oldest(session: Session, account_id: UUID) -> datetime | None:
    """When the oldest open that is kept was recorded."""
    found = select(Open.created_at).where(Open.account_id == account_id).order_by(Open.created_at)
    return session.scalar(found.limit(1))


def _stretches(session: Session, account_id: UUID, wanted: Filters, until: datetime | None) -> Iterator[Filters]:
    """Where to look, newest first. For what the figures know apart, only the hours in which they know some: what is
    rare is found without walking over all the rest. `until`: nothing newer is wanted."""
    if wanted.ref is not None or not any((wanted.kind, wanted.image, wanted.client, wanted.device)):
        yield wanted
        return
    kept_from = oldest(session, account_id)
    if kept_from is None:
        return
    since = kept_from if wanted.start is None else max(wanted.start, kept_from)  # figures outlive their opens
    bounds = [moment for moment in (wanted.end, until) if moment is not None]
    before = min([*bounds, LATEST]) + DAY  # LATEST: a forged cursor may be of the calendar's last day
    while days := _times(session, OpenSliceDay, account_id, wanted, _midnight(since), before):
        for day in days:
            for first, last in _runs(_times(session, OpenSliceHour, account_id, wanted, day, day + DAY)):
                start = first if wanted.start is None else max(first, wanted.start)
                end = last + HOUR if wanted.end is None else min(last + HOUR, wanted.end)
                yield replace(wanted, start=start, end=end)
        before = days[-1]


def _times(
    session: Session,
    model: type[OpenSliceDay | OpenSliceHour],
    account_id: UUID,
    wanted: Filters,
    start: datetime,
    before: datetime,
) -> list[datetime]:
    """The days or hours in [start, before) that have such opens, newest first, a month of them at a time."""
    at = OpenSliceDay.day if model is OpenSliceDay else OpenSliceHour.hour
    found = select(at).where(model.account_id == account_id, at >= start, at < before)
    if wanted.kind is not None:
        found = found.where(model.open_class.in_(sorted(wanted.kind.classes)))
    equal = {"image_id": wanted.image, "client": wanted.client, "device": wanted.device}
    found = found.where(*(getattr(model, name) == value for name, value in equal.items() if value is not None))
    found = found.group_by(at).having(func.sum(model.opens) > 0).order_by(at.desc()).limit(AT_ONCE)
    return list(session.scalars(found))


def _runs(hours: Sequence[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Hours that follow each other, taken together, as (first, last); newest first, as they come."""
    run: list[datetime] = []
    for hour in hours:
        if run and hour != run[-1] - HOUR:
            yield run[-1], run[0]
            run = []
        run.append(hour)
    if run:
        yield run[-1], run[0]


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
