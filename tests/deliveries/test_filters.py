"""A filter reads back what it wrote, and says what it cannot mean."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from app.core.errors import Invalid
from app.deliveries.filters import FIELDS, Filter, State, from_json, from_url
from app.outbound.models import ErrorClass

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
FILTERS = st.builds(
    Filter,
    state=st.sampled_from(State),
    kind=st.sampled_from([None, "conversion"]),
    target=st.none() | st.uuids(),
    error=st.none() | st.sampled_from(ErrorClass),
    since=st.none() | TIMES,
    until=st.none() | TIMES,
    ids=st.none() | st.lists(st.uuids(), max_size=4, unique=True).map(tuple),
)
ODD: list[tuple[str, list[str]]] = [
    ("state", ["gone", "DEAD", "dead ;--", "0"]),
    ("kind", ["pigeon", "conversion\x00", "é"]),
    ("target", ["1", "not-a-uuid", "x" * 5000]),
    ("error", ["boom", "Refused", "'"]),
    ("since", ["yesterday", "2026-13-01", "0001-01-01", "99999-01-01", "9" * 5000, "2026-11-22T25:00"]),
    ("until", ["9999-12-31", "-1", "1e9", "2026-02-30"]),
]


def read(query: dict[str, Any], default: State = State.ALL) -> Filter:
    args = MultiDict(query)
    return from_url(args, args.getlist("id"), SAO_PAULO, default)


@given(FILTERS)
def test_a_filter_reads_back_from_its_url_and_its_json(asked: Filter) -> None:
    assert read(asked.to_url()) == asked
    assert from_json(asked.to_json()) == asked


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in ODD for text in texts])
def test_what_cannot_be_meant_is_named(name: str, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read({name: text})
    assert list(refused.value.fields) == [name]


@given(st.sampled_from(FIELDS), st.text(max_size=60))
def test_any_text_is_a_filter_or_refused_in_words(name: str, text: str) -> None:
    try:
        found: object = read({name: text})
    except Invalid as error:
        found = error.fields
    assert found


def test_blank_values_are_none_and_the_page_chooses_the_state() -> None:
    assert read({"state": "", "kind": " ", "since": ""}, State.DEAD) == Filter(State.DEAD)


def test_days_are_whole_days_of_the_reader() -> None:
    found = read({"since": "2026-11-20", "until": "2026-11-20"})

    assert found.since == datetime(2026, 11, 20, 3, tzinfo=UTC)
    assert found.until == datetime(2026, 11, 21, 3, tzinfo=UTC)


def test_times_count_in_their_own_zone_or_the_readers() -> None:
    assert read({"since": "2026-11-20T10:00Z"}).since == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert read({"since": "2026-11-20T10:00"}).since == datetime(2026, 11, 20, 13, tzinfo=UTC)


def test_the_status_of_the_wire_is_a_state() -> None:
    assert read({"state": "pending"}).state is State.OPEN


def test_boxes_without_a_tick_mean_none() -> None:
    assert read({"id": ""}).ids == ()


def test_ids_count_once_and_have_an_end() -> None:
    one = "019aab6e-0000-7000-8000-000000000001"
    assert read({"id": [one, one]}).ids == (UUID(one),)
    with pytest.raises(Invalid):
        read({"id": [f"019aab6e-0000-7000-8000-{number:012x}" for number in range(501)]})
