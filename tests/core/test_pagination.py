"""Pages by number and by cursor, on both databases' own comparison of rows."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, MetaData, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from app.core import cursor
from app.core.db import Money, UtcDateTime
from app.core.errors import Invalid, Malformed
from app.core.pagination import Page, clamped, keyset, order_by, paginate
from app.core.schema import Out

START = datetime(2026, 1, 1, tzinfo=UTC)


class Base(DeclarativeBase):
    metadata = MetaData()


class Thing(Base):
    __tablename__ = "paginated_thing"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    rank: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    day: Mapped[date]
    price: Mapped[Decimal] = mapped_column(Money)
    score: Mapped[float]


class ThingOut(Out):
    name: str


def thing(number: int) -> Thing:
    """Ranks and times repeat, so that only the id makes an order total."""
    return Thing(
        id=UUID(int=number * 7919 % 1000),
        name=f"é{number:03}",
        rank=number % 3,
        created_at=START + timedelta(seconds=number // 4, microseconds=number % 2),
        day=date(2026, 1, 1 + number % 5),
        price=Decimal(number % 4) / 4,
        score=number / 7,
    )


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(map(thing, range(57)))
        session.commit()
        yield session


SORTS = {"name": Thing.name, "rank": Thing.rank, "createdAt": Thing.created_at, "day": Thing.day, "id": Thing.id}


@pytest.mark.parametrize(("page", "count"), [(1, 25), (2, 25), (3, 7), (4, 0), (100_000, 0)])
def test_pages_by_number_count_everything(session: Session, page: int, count: int) -> None:
    found = paginate(session, select(Thing).order_by(Thing.name), page=page, limit=25)
    assert (len(found.rows), found.total, found.pages, found.more) == (count, 57, 3, False)
    assert all(isinstance(row, Thing) for row in found.rows)


def test_an_empty_list_has_no_pages(session: Session) -> None:
    found = paginate(session, select(Thing).where(Thing.rank == 9).order_by(Thing.id), page=1, limit=25)
    assert (found.rows, found.total, found.pages) == ([], 0, 0)


@pytest.mark.parametrize(("max_count", "total", "more", "pages"), [(56, 56, True, None), (57, 57, False, 6)])
def test_counting_stops_at_its_limit(
    session: Session, max_count: int, total: int, more: bool, pages: int | None
) -> None:
    found = paginate(session, select(Thing).order_by(Thing.id), page=1, limit=10, max_count=max_count)
    assert (found.total, found.more, found.pages) == (total, more, pages)


def test_a_select_of_several_columns_gives_tuples(session: Session) -> None:
    grouped = select(Thing.rank, func.count()).group_by(Thing.rank).order_by(Thing.rank)
    found = paginate(session, grouped, page=1, limit=2)
    assert ([tuple(row) for row in found.rows], found.total) == ([(0, 19), (1, 19)], 3)


def test_the_answer_has_the_shape_of_the_contract() -> None:
    page = Page([thing(1)], page=2, limit=1, total=3)
    assert page.answer(ThingOut.model_validate).model_dump(by_alias=True) == {
        "data": [{"name": "é001"}],
        "pagination": {"page": 2, "limit": 1, "total": 3, "pages": 3, "more": False, "next": None},
    }


ORDERS = {sort: order_by(sort, SORTS, "name", Thing.id) for name in SORTS for sort in (name, f"-{name}")} | {
    "mixed": [Thing.rank.desc(), Thing.day.asc(), Thing.id.desc()],
    "decimal and float": [Thing.price.asc(), Thing.score.desc(), Thing.id.asc()],
}


@pytest.mark.parametrize("order", ORDERS)
def test_cursors_walk_the_whole_list_once_in_order(session: Session, order: str) -> None:
    expected = list(session.scalars(select(Thing.id).order_by(*ORDERS[order])))
    walked, after = [], None
    while True:
        page = keyset(session, select(Thing), ORDERS[order], after, 8)
        walked += [row.id for row in page.rows]
        assert (page.total, page.page) == (57, None if after else 1)
        after = page.next
        if after is None:
            break
    assert walked == expected


def test_a_cursor_leads_on_from_a_numbered_page(session: Session) -> None:
    order = ORDERS["-createdAt"]
    third = keyset(session, select(Thing), order, None, 10, page=3)
    fourth = keyset(session, select(Thing), order, third.next, 10)
    assert fourth.rows == keyset(session, select(Thing), order, None, 10, page=4).rows


def test_rows_that_come_in_between_do_not_shift_a_cursor(session: Session) -> None:
    order = ORDERS["createdAt"]
    first = keyset(session, select(Thing), order, None, 10)
    session.delete(first.rows[0])
    session.flush()
    second = keyset(session, select(Thing), order, first.next, 10)
    session.rollback()
    assert second.rows == keyset(session, select(Thing), order, None, 10, page=2).rows


def raw_cursor(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


BY_TIME: list[ColumnElement[Any]] = [Thing.created_at.desc(), Thing.id.desc()]
GOOD_ID = str(UUID(int=1))
BAD_CURSORS = {
    "no base64": "%%%",
    "odd length": "abcde",
    "not ASCII": "é",
    "no JSON": base64.urlsafe_b64encode(b"hello").decode(),
    "a list": raw_cursor([1]),
    "too long": "A" * 5_000,
    "another order": cursor.encode([Thing.created_at.asc(), Thing.id.asc()], [START, UUID(int=1)]),
    "too few": raw_cursor({"o": "-created_at,-id", "v": [START.isoformat()]}),
    "no values": raw_cursor({"o": "-created_at,-id"}),
    "wrong types": raw_cursor({"o": "-created_at,-id", "v": [1, 2]}),
    "null": raw_cursor({"o": "-created_at,-id", "v": [None, GOOD_ID]}),
    "an object": raw_cursor({"o": "-created_at,-id", "v": [{}, GOOD_ID]}),
    "no zone": raw_cursor({"o": "-created_at,-id", "v": ["2026-01-01T00:00:00", GOOD_ID]}),
    "before time": raw_cursor({"o": "-created_at,-id", "v": ["0001-01-01T00:00:00+23:59", GOOD_ID]}),
    "no id": raw_cursor({"o": "-created_at,-id", "v": [START.isoformat(), "x"]}),
}


@pytest.mark.parametrize("case", BAD_CURSORS)
def test_a_cursor_that_is_not_ours_is_400(session: Session, case: str) -> None:
    with pytest.raises(Malformed, match="after="):
        keyset(session, select(Thing), BY_TIME, BAD_CURSORS[case], 10)


BY_REST: list[ColumnElement[Any]] = [
    Thing.name.asc(),
    Thing.rank.asc(),
    Thing.day.asc(),
    Thing.price.asc(),
    Thing.score.asc(),
]
BAD_VALUES: dict[str, list[Any]] = {
    "NUL": ["\0", 1, "2026-01-01", "1", 1],
    "bool for int": ["a", True, "2026-01-01", "1", 1],
    "huge int": ["a", 2**60, "2026-01-01", "1", 1],
    "no date": ["a", 1, "2026-13-01", "1", 1],
    "NaN": ["a", 1, "2026-01-01", "NaN", 1],
    "huge decimal": ["a", 1, "2026-01-01", "1e999999", 1],
    "text for float": ["a", 1, "2026-01-01", "1", "1"],
}


@pytest.mark.parametrize("case", BAD_VALUES)
def test_values_no_column_could_hold_are_400(case: str) -> None:
    assert cursor.decode(raw_cursor({"o": "name,rank,day,price,score", "v": ["a", 1, "2026-01-01", "1", 1.5]}), BY_REST)
    with pytest.raises(Malformed):
        cursor.decode(raw_cursor({"o": "name,rank,day,price,score", "v": BAD_VALUES[case]}), BY_REST)


@settings(deadline=None)
@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
@example("=")
def test_no_text_at_all_breaks_the_cursor_reader(text: str) -> None:
    with pytest.raises(Malformed):
        cursor.decode(text, BY_TIME)


@pytest.mark.parametrize("sort", ["colour", "-", "--name", "name,-rank", "name; DROP TABLE", " name", "__class__"])
def test_only_listed_names_can_be_sorted_by(sort: str) -> None:
    with pytest.raises(Invalid, match="sort must be one of name, rank") as caught:
        order_by(sort, SORTS, "name", Thing.id)
    assert list(caught.value.fields) == ["sort"]


def test_the_id_breaks_ties_in_the_same_direction() -> None:
    assert [str(term) for term in order_by("-rank", SORTS, "name", Thing.id)] == [
        "paginated_thing.rank DESC",
        "paginated_thing.id DESC",
    ]
    assert len(order_by(None, SORTS, "id", Thing.id)) == 1


ODD_PAGES = [
    ({}, (1, 50)),
    ({"page": "3", "limit": "20"}, (3, 20)),
    ({"page": "0", "limit": "0"}, (1, 1)),
    ({"page": "-5", "limit": "x"}, (1, 50)),
    ({"page": "9" * 5_000, "limit": "999"}, (100_000, 200)),
    ({"page": "٣", "limit": "²"}, (1, 50)),
]


@pytest.mark.parametrize(("args", "expected"), ODD_PAGES)
def test_a_page_of_html_clamps_what_a_person_typed(args: dict[str, str], expected: tuple[int, int]) -> None:
    query = clamped(args)
    assert (query.page, query.limit) == expected
