"""What is written down of closed days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, func, select, union_all

from app.opens.closed.models import Kind, OpenDayHours, OpensClosed, OpenShareDay, OpenShareMonth
from app.opens.models import COUNTED
from app.opens.spans import Closed, Span

COUNTS = ("views", "opens", "firsts", "hits")
Numbers = tuple[int, int, int, int]  # of OpenHour, or of a share


def closed_until(connection: Connection, account_id: UUID) -> datetime | None:
    found: datetime | None = connection.scalar(select(OpensClosed.until).where(OpensClosed.account_id == account_id))
    return found


def days_of_hours(connection: Connection, account_id: UUID, days: Span) -> Iterator[tuple[datetime, Sequence[int]]]:
    """Of closed days, in order: four numbers for each of the 24 hours."""
    at = OpenDayHours.day
    found = select(at, OpenDayHours.hours).where(OpenDayHours.account_id == account_id, _within(at, days))
    return ((day, numbers) for day, numbers in connection.execute(found.order_by(at)))


def sums(connection: Connection, account_id: UUID, parts: Closed) -> Numbers:
    """Views, automatic ones, firsts and hits of the closed months and days."""
    found = [0, 0, 0, 0]
    for open_class, views, _opens, firsts, hits in _summed(connection, account_id, parts, [Kind.DEVICE], ["class"]):
        found[0 if open_class in COUNTED else 1] += views
        found[2] += firsts
        found[3] += hits
    return found[0], found[1], found[2], found[3]


def shares(connection: Connection, account_id: UUID, parts: Closed, kinds: Sequence[Kind]) -> list[Sequence[Any]]:
    """Rows of kind, name, class and COUNTS, of the closed months and days."""
    return _summed(connection, account_id, parts, kinds, ["kind", "name", "class"])


def _summed(
    connection: Connection, account_id: UUID, parts: Closed, kinds: Sequence[Kind], by: Sequence[str]
) -> list[Sequence[Any]]:
    tables = [_rows_of(OpenShareMonth, "month", account_id, span, kinds) for span in parts.months]
    tables += [_rows_of(OpenShareDay, "day", account_id, span, kinds) for span in parts.days]
    if not tables:
        return []
    rows: Any = union_all(*tables).subquery().c
    keys = [rows[name] for name in by]
    found = select(*keys, *(func.sum(rows[count]) for count in COUNTS)).group_by(*keys)
    return [(*row[: len(by)], *map(int, row[len(by) :])) for row in connection.execute(found)]


def _rows_of(
    model: type[OpenShareMonth | OpenShareDay], at: str, account_id: UUID, span: Span, kinds: Sequence[Kind]
) -> Select[*tuple[Any, ...]]:
    columns: Any = model.__table__.c
    wanted = (columns[name] for name in ("kind", "name", "class", *COUNTS))
    of_kinds = columns.kind.in_([str(kind) for kind in kinds])
    return select(*wanted).where(columns.account_id == account_id, of_kinds, _within(columns[at], span))


def _within(at: Any, span: Span) -> ColumnElement[bool]:
    bounds: ColumnElement[bool] = at < span.end
    return bounds if span.start is None else (at >= span.start) & bounds
