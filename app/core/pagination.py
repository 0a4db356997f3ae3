"""Lists in pages: by number with a total, and by cursor where a table can grow large (CONTRACTS §2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Select, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core import cursor
from app.core.errors import Invalid
from app.core.schema import Out, Schema

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_PAGE = 100_000
MAX_COUNT = 10_000

Row = TypeVar("Row")
Item = TypeVar("Item", bound=BaseModel)
Rows = Select[*tuple[Any, ...]]  # a select of any number of things
Column = ColumnElement[Any] | InstrumentedAttribute[Any]


class PageQuery(Schema):
    """The query of every list; a resource adds its filters by inheriting."""

    page: int = Field(1, ge=1, le=MAX_PAGE, description="Which page.")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Rows of a page.")
    sort: str | None = Field(None, max_length=64, description="The field to sort by, with `-` before it: descending.")


class CursorQuery(PageQuery):
    """The query of a list over a table that can pass 10,000 rows; `after` wins over `page`."""

    after: str | None = Field(None, max_length=cursor.MAX_LENGTH, description="The `next` of the page before.")


class PageNumbers(Out):
    """`total` is exact, or 10000 with `more` true and `pages` null; `page` is null after a cursor; `next` is the
    cursor of the following page, null on the last."""

    page: int | None
    limit: int
    total: int
    pages: int | None
    more: bool = False
    next: str | None = None


class PageOf(Out, Generic[Item]):
    """The answer of a list."""

    data: list[Item]
    pagination: PageNumbers


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    rows: list[Row]
    page: int | None
    limit: int
    total: int
    more: bool = False
    next: str | None = None

    @property
    def pages(self) -> int | None:
        return None if self.more else -(-self.total // self.limit)

    def answer(self, make: Callable[[Row], Item]) -> PageOf[Item]:
        """The API's answer, each row turned by `make` (`PixelOut.model_validate`, or a function of the resource)."""
        numbers = PageNumbers(
            page=self.page, limit=self.limit, total=self.total, pages=self.pages, more=self.more, next=self.next
        )
        return PageOf[Any](data=[make(row) for row in self.rows], pagination=numbers)


def clamped(args: Mapping[str, str]) -> PageQuery:
    """Page, limit and sort of an HTML list: a person's odd URL shows the nearest page instead of an error."""
    return PageQuery(
        page=_clamp(args.get("page"), 1, MAX_PAGE),
        limit=_clamp(args.get("limit"), DEFAULT_LIMIT, MAX_LIMIT),
        sort=(args.get("sort") or "")[:64] or None,
    )


def _clamp(text: str | None, default: int, highest: int) -> int:
    digits = (text or "").strip()
    if not (digits.isascii() and digits.isdigit()):
        return default
    return max(1, min(highest, int(digits[:9])))


def order_by(sort: str | None, allowed: Mapping[str, Column], default: str, tie: Column) -> list[ColumnElement[Any]]:
    """The ORDER BY of `?sort=-createdAt`, by allow-list. `tie` (the id) goes last in the same direction, so that the
    order is total. Raises Invalid naming what may be sorted by."""
    wanted = sort or default
    name = wanted.removeprefix("-")
    if name not in allowed:
        names = ", ".join(allowed)
        raise Invalid({"sort": [f"Sorts by {names}, with - before it for descending"]}, f"sort must be one of {names}")
    columns = [allowed[name]] if allowed[name] is tie else [allowed[name], tie]
    return [column.desc() if wanted.startswith("-") else column.asc() for column in columns]


def paginate(session: Session, statement: Rows, *, page: int, limit: int, max_count: int | None = None) -> Page[Any]:
    """One page by number. The statement carries its ORDER BY. Rows are entities when it selects one thing, else tuples.
    With `max_count` the total is exact only up to there. A page past the end is empty."""
    total, more = _count(session, statement, max_count)
    rows = session.execute(statement.offset((page - 1) * limit).limit(limit))
    return Page(_rows(statement, rows), page, limit, total, more)


def keyset(
    session: Session,
    statement: Rows,
    columns: Sequence[ColumnElement[Any]],
    after: str | None,
    limit: int,
    *,
    page: int = 1,
    max_count: int | None = MAX_COUNT,
    counting: Rows | None = None,
) -> Page[Any]:
    """One page of a large table: what follows the cursor `after`, or page `page` when there is none; `next` leads on.
    `counting` has the same rows at less cost: without an outer join, which needs each row itself to join it.

    `columns` are the `.asc()`/`.desc()` terms that order the statement (as `order_by` gives them): never null, the last
    one unique. Raises Malformed for a cursor that is not ours or belongs to another order."""
    total, more = _count(session, statement if counting is None else counting, max_count)
    bare = [cursor.bare(term) for term in columns]
    ordered = statement.order_by(None).order_by(*columns).add_columns(*bare).limit(limit + 1)
    if after:
        ordered = ordered.where(cursor.follows(columns, cursor.decode(after, columns)))
    elif page > 1:
        ordered = ordered.offset((page - 1) * limit)
    found = [tuple(row) for row in session.execute(ordered)]
    width = -len(bare)
    following = cursor.encode(columns, found[limit - 1][width:]) if len(found) > limit else None
    rows = _rows(statement, [row[:width] for row in found[:limit]])
    return Page(rows, None if after else page, limit, total, more, following)


def _count(session: Session, statement: Rows, max_count: int | None) -> tuple[int, bool]:
    """How many rows there are, and whether that is only where the counting stopped. Without its columns, so that an
    index may answer alone."""
    counted = statement.order_by(None)
    if not counted._distinct and not counted._group_by_clauses:
        counted = counted.with_only_columns(literal_column("1"), maintain_column_froms=True)
    if max_count is not None:
        counted = counted.limit(max_count + 1)
    total = session.scalar(select(func.count()).select_from(counted.subquery())) or 0
    return (max_count, True) if max_count is not None and total > max_count else (total, False)


def _rows(statement: Rows, rows: Iterable[Any]) -> list[Any]:
    is_single = len(statement.column_descriptions) == 1
    return [row[0] if is_single else row for row in rows]
