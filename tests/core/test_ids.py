"""UUIDv7 ids: ordered, dated, and odd texts are simply absent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import clock
from app.core.ids import created_at, to_uuid, to_uuid7, uuid7


def test_ids_of_a_process_rise_and_differ() -> None:
    ids = [uuid7() for _ in range(20_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert {id_.version for id_ in ids} == {7}


def test_an_id_carries_its_time_to_the_millisecond() -> None:
    before = clock.now()
    age = created_at(uuid7()) - before
    assert timedelta(milliseconds=-1) <= age < timedelta(seconds=1)
    assert created_at(UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")) == datetime(
        2022, 2, 22, 19, 22, 22, tzinfo=UTC
    )  # RFC 9562, A.6


def test_a_clock_that_steps_back_is_followed(travel: Callable[[timedelta], None]) -> None:
    uuid7()
    travel(timedelta(hours=-2))
    assert abs(created_at(uuid7()) - clock.now()) < timedelta(seconds=1)


@pytest.mark.parametrize("odd", [None, 7, b"", "", "x" * 32, "9" * 41, "' OR 1=1", "\0" * 32])
def test_odd_ids_are_absent(odd: object) -> None:
    assert to_uuid(odd) is None
    assert to_uuid7(odd) is None


def test_only_a_version_seven_with_a_tellable_time_is_one_of_ours() -> None:
    mine = uuid7()
    assert to_uuid7(mine.hex) == mine
    assert to_uuid7(str(uuid4())) is None
    assert to_uuid7("ffffffff-ffff-7fff-bfff-ffffffffffff") is None


@given(st.text())
def test_any_text_is_an_id_or_none(text: str) -> None:
    assert to_uuid7(text) is None or isinstance(to_uuid7(text), UUID)
