"""Click ids, browser ids, addresses and agents: passed whole, wrapped, or left out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.destinations.clicks import FBC, to_address, to_agent, to_ctwa, to_fbc, to_fbp

CLICKED = datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=UTC)  # 1700000000123 ms
WRAPPED = "fb.1.1700000000123.IwAR0_x-9"


@pytest.mark.parametrize(
    ("fbc", "fbclid", "expected"),
    [
        (None, "IwAR0_x-9", WRAPPED),
        (None, " IwAR0_x-9 ", WRAPPED),
        ("IwAR0_x-9", None, WRAPPED),
        (None, "fb.1.1234567890.abc123", "fb.1.1234567890.abc123"),
        ("fb.1.1554763741205.AbC", "IwAR0", "fb.1.1554763741205.AbC"),
        ("junk value", "IwAR0_x-9", WRAPPED),
        ("fb.1.1554763741205.AbC.AQIB", None, "fb.1.1554763741205.AbC.AQIB"),
        ("fb.1.notatime.AbC", None, None),
        ("fb.1.1554763741205.", None, None),
        (None, "{{fbclid}}", None),
        (None, "a b", None),
        (None, "abc\n", "fb.1.1700000000123.abc"),
        (None, "x" * 601, None),
        (None, None, None),
        ("", "", None),
    ],
)
def test_a_click_id_is_whole_wrapped_or_left_out(fbc: str | None, fbclid: str | None, expected: str | None) -> None:
    assert to_fbc(fbc, fbclid, CLICKED) == expected


def test_a_bare_click_id_without_a_time_is_left_out() -> None:
    assert to_fbc(None, "IwAR0", None) is None


@given(st.one_of(st.none(), st.text(max_size=700)), st.one_of(st.none(), st.text(max_size=700)))
def test_whatever_is_given_the_result_has_metas_form(fbc: str | None, fbclid: str | None) -> None:
    found = to_fbc(fbc, fbclid, CLICKED)
    assert found is None or FBC.fullmatch(found)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("fb.1.1596403881668.1116446470", "fb.1.1596403881668.1116446470"),
        ("fb.1.1596403881668.1116446470.AQIB", "fb.1.1596403881668.1116446470.AQIB"),
        ("1116446470", None),
        ("fb.1.1596403881668.abc", None),
        (None, None),
    ],
)
def test_a_browser_id_is_only_forwarded(value: str | None, expected: str | None) -> None:
    assert to_fbp(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("192.168.1.1", "192.168.1.1"),
        ("203.0.113.9:54321", "203.0.113.9"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("999.1.1.1", None),
        ("203.0.113.9, 10.0.0.1", None),
        ("localhost", None),
        ("1" * 100, None),
        (None, None),
    ],
)
def test_an_address_loses_port_and_zone_and_must_be_one(value: str | None, expected: str | None) -> None:
    assert to_address(value) == expected


@given(st.text(max_size=100))
def test_odd_addresses_agents_and_ids_never_raise(text: str) -> None:
    to_address(text)
    assert to_ctwa(text) in (None, text.strip())
    agent = to_agent(text)
    assert agent is None or agent.isprintable()


def test_an_agent_is_one_line_of_bounded_length() -> None:
    assert to_agent("Mozilla/5.0\r\nX-Evil: 1\x00") == "Mozilla/5.0X-Evil: 1"
    assert len(to_agent("a" * 5000) or "") == 1024
