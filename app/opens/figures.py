"""The figures of opens read back: from the rollups, at a cost that does not grow with what they count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, func, select, union_all

from app.core.periods import DAY, HOUR
from app.opens.models import OpenedId, OpenHour, OpenMissHour, OpenSliceDay, OpenSliceHour

LATEST_IDS = 100
SLICED_BY = ("image_id", "class", "client", "device")


@dataclass(frozen=True, slots=True)
class OpenFigures:
    """Opens of some hours. `views` are the counted ones after folding, `automatic` those of machines, `firsts` the ids
    whose first counted open this was, `hits` every load."""

    views: int = 0
    automatic: int = 0
    firsts: int = 0
    hits: int = 0

    def __add__(self, other: OpenFigures) -> OpenFigures:
        return OpenFigures(
            self.views + other.views,
            self.automatic + other.automatic,
            self.firsts + other.firsts,
            self.hits + other.hits,
        )

    def shown(self, automatic: bool) -> int:
        """The views that somebody asks for: with those of machines, or without."""
        return self.views + self.automatic if automatic else self.views


@dataclass(frozen=True, slots=True)
class Slice:
    """Opens of one image, class, client, device or several of these. `views` add up to OpenFigures' (views and
    automatic together, since a class is either); `opens` also count further images of a viewing."""

    views: int = 0
    opens: int = 0
    firsts: int = 0
    hits: int = 0

    def __add__(self, other: Slice) -> Slice:
        return Slice(
            self.views + other.views, self.opens + other.opens, self.firsts + other.firsts, self.hits + other.hits
        )


class LatestId(NamedTuple):
    """An id with a counted open; its figures are those of all time."""

    ref: str
    views: int
    automatic: int
    first_at: datetime
    last_at: datetime


_TOTALS = [func.coalesce(func.sum(getattr(OpenHour, name)), 0) for name in ("views", "automatic", "firsts", "hits")]
_COUNTS = ("views", "opens", "firsts", "hits")  # of a slice
Span = tuple[type[OpenSliceHour | OpenSliceDay], datetime | None, datetime | None]


def total(connection: Connection, account_id: UUID, start: datetime | None, end: datetime | None) -> OpenFigures:
    """Of the UTC hours that begin in [start, end), which are whole hours; None is without a bound."""
    found = select(*_TOTALS).where(*_within(OpenHour.account_id, OpenHour.hour, account_id, start, end))
    return OpenFigures(*(int(number) for number in connection.execute(found).one()))


def by_hour(
    connection: Connection, account_id: UUID, start: datetime | None, end: datetime | None
) -> dict[datetime, OpenFigures]:
    """By the UTC hour, in order; hours without any are absent."""
    found = select(OpenHour.hour, *_TOTALS).where(*_within(OpenHour.account_id, OpenHour.hour, account_id, start, end))
    found = found.group_by(OpenHour.hour).order_by(OpenHour.hour)
    return {hour: OpenFigures(*map(int, counts)) for hour, *counts in connection.execute(found)}


def opened_until(connection: Connection, account_id: UUID, end: datetime | None) -> int:
    """How many ids had a counted open before `end`, a whole hour."""
    found = select(_TOTALS[2]).where(*_within(OpenHour.account_id, OpenHour.hour, account_id, None, end))
    return int(connection.execute(found).scalar_one())


def slices(
    connection: Connection,
    account_id: UUID,
    start: datetime | None,
    end: datetime,
    by: Sequence[str] = ("class",),
) -> dict[tuple[Any, ...], Slice]:
    """Of the UTC hours in [start, end), by one or several of SLICED_BY; the keys are tuples in the order of `by`. An
    empty client or device: nobody has looked at the user agent yet. Whole UTC days come from the table of days."""
    if not by or not set(by) <= set(SLICED_BY):
        raise ValueError(f"opens are sliced by {', '.join(SLICED_BY)}")
    spans = _spans(start, end)
    if not spans:
        return {}
    rows = union_all(*(_rows_of(model, account_id, first, last, by) for model, first, last in spans)).subquery()
    keys = [rows.c[name] for name in by]
    found = select(*keys, *(func.sum(rows.c[name]) for name in _COUNTS)).group_by(*keys)
    split = ((tuple(row[: len(by)]), row[len(by) :]) for row in connection.execute(found))
    return {key: Slice(*map(int, counts)) for key, counts in split if any(counts)}


def _spans(start: datetime | None, end: datetime) -> list[Span]:
    """The whole UTC days of the period, and what of it lies before and behind them."""
    last = _midnight(end)
    first = None if start is None else _midnight(start + DAY - HOUR)
    if start is not None and first is not None and first >= last:
        return [(OpenSliceHour, start, end)] if start < end else []
    parts: list[Span] = [(OpenSliceHour, start, first), (OpenSliceDay, first, last), (OpenSliceHour, last, end)]
    return [part for part in parts if part[1] != part[2]]


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0)


def _rows_of(
    model: type[OpenSliceHour | OpenSliceDay],
    account_id: UUID,
    start: datetime | None,
    end: datetime | None,
    by: Sequence[str],
) -> Select[*tuple[Any, ...]]:
    columns = model.__table__.c
    at = columns["hour"] if model is OpenSliceHour else columns["day"]
    wanted = (columns[name].label(name) for name in (*by, *_COUNTS))
    return select(*wanted).where(*_within(columns["account_id"], at, account_id, start, end))


def latest_ids(
    connection: Connection, account_id: UUID, start: datetime | None, end: datetime, limit: int = LATEST_IDS
) -> list[LatestId]:
    """The ids whose last counted open is in [start, end), the latest first."""
    columns: list[Any] = [getattr(OpenedId, name) for name in LatestId._fields]
    found = select(*columns).where(*_within(OpenedId.account_id, OpenedId.last_at, account_id, start, end))
    ordered = found.order_by(OpenedId.last_at.desc(), OpenedId.ref.desc()).limit(limit)
    return [LatestId(*row) for row in connection.execute(ordered)]


def misses(
    connection: Connection, account_id: UUID, start: datetime | None, end: datetime
) -> dict[tuple[str, str], int]:
    """Loads by (MissReason, file as asked for; empty when it is one of too many)."""
    found = select(OpenMissHour.reason, OpenMissHour.file, func.sum(OpenMissHour.hits))
    found = found.where(*_within(OpenMissHour.account_id, OpenMissHour.hour, account_id, start, end))
    grouped = found.group_by(OpenMissHour.reason, OpenMissHour.file)
    return {(reason, file): int(hits) for reason, file, hits in connection.execute(grouped) if hits}


def _within(
    account: Any, at: Any, account_id: UUID, start: datetime | None, end: datetime | None
) -> list[ColumnElement[bool]]:
    bounds = [] if start is None else [at >= start]
    return [account == account_id, *bounds, *([] if end is None else [at < end])]
