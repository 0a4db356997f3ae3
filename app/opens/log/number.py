"""How many opens a list has: from the figures where they know it, else counted as far as anybody would read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.pagination import MAX_COUNT
from app.core.periods import HOUR
from app.core.rollup import hour_of
from app.opens import figures
from app.opens.figures import Slice
from app.opens.log.filters import Filters, Kind
from app.opens.log.reading import oldest
from app.opens.models import Open


class Number(NamedTuple):
    """Exact, or where the counting stopped."""

    total: int
    more: bool = False


def number_of(session: Session, account_id: UUID, wanted: Filters) -> Number:
    """Of whole hours and what the figures know apart, at a cost that does not grow with the opens; of all else up to
    MAX_COUNT, by a walk that the caller limits in time. The figures remember opens that are gone, so the oldest hour
    of which any is kept is counted by itself."""
    if wanted.ref is not None or wanted.file is not None or not _is_whole(wanted) or _is_every_row(wanted):
        return _counted(session, account_id, wanted, wanted.start, wanted.end)
    kept_from = oldest(session, account_id)
    if kept_from is None:
        return Number(0)
    whole = hour_of(kept_from) + HOUR
    end = wanted.end if wanted.end is not None else hour_of(clock.now()) + 2 * HOUR
    start = whole if wanted.start is None else max(whole, wanted.start)
    total = _summed(session, account_id, wanted, start, end)
    if wanted.start is not None and wanted.start >= whole:
        return Number(total)
    rest, more = _counted(session, account_id, wanted, wanted.start, min(whole, end))
    return Number(total + rest, more)


def _is_whole(wanted: Filters) -> bool:
    return all(moment is None or moment == hour_of(moment) for moment in (wanted.start, wanted.end))


def _is_every_row(wanted: Filters) -> bool:
    """Whether nothing but time is asked for: a walk along the key then ends after MAX_COUNT steps."""
    return replace(wanted, start=None, end=None).is_plain


def _summed(session: Session, account_id: UUID, wanted: Filters, start: datetime, end: datetime) -> int:
    if (known := _of_hours(wanted)) is not None:
        found = figures.total(session.connection(), account_id, start, end)
        return sum(getattr(found, name) for name in known)
    return _of_slices(session, account_id, wanted, start, end)


def _of_hours(wanted: Filters) -> tuple[str, ...] | None:
    """Which of the hours' figures say it, where some do: what the dashboard's great numbers lead to."""
    if wanted.image is not None or wanted.client is not None or wanted.device is not None or wanted.counted is False:
        return None
    if wanted.first:
        return ("firsts",) if wanted.viewed_classes >= Kind.PEOPLE.classes else None
    if not wanted.counted:
        return None
    return {Kind.PEOPLE: ("views",), Kind.AUTOMATIC: ("automatic",), Kind.ALL: ("views", "automatic")}.get(
        wanted.kind or Kind.PEOPLE
    )


def _of_slices(session: Session, account_id: UUID, wanted: Filters, start: datetime, end: datetime) -> int:
    given = {"image_id": wanted.image, "client": wanted.client, "device": wanted.device}
    equal = {name: value for name, value in given.items() if value is not None}
    found = figures.slices(session.connection(), account_id, start, end, by=("class", *equal))
    fitting = {
        key: one
        for key, one in found.items()
        if key[1:] == tuple(equal.values()) and (wanted.kind is None or key[0] in wanted.kind.classes)
    }
    return sum(_rows(one, wanted, is_viewed=key[0] in wanted.viewed_classes) for key, one in fitting.items())


def _rows(one: Slice, wanted: Filters, *, is_viewed: bool) -> int:
    """How many opens of a slice are wanted. A first open is always a counted one."""
    views = one.views if is_viewed else 0
    if wanted.first:
        return 0 if wanted.counted is False else one.firsts
    if wanted.counted is None:
        return one.opens
    return views if wanted.counted else one.opens - views


def _counted(
    session: Session, account_id: UUID, wanted: Filters, start: datetime | None, end: datetime | None
) -> Number:
    bounds = [] if start is None else [Open.created_at >= start]
    bounds += [] if end is None else [Open.created_at < end]
    found = select(Open.id).where(*wanted.conditions(account_id), *bounds).limit(MAX_COUNT + 1).subquery()
    total = session.scalar(select(func.count()).select_from(found)) or 0
    return Number(MAX_COUNT, True) if total > MAX_COUNT else Number(total)
