"""The table of destinations, and what holds for every one in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.core.exchange import Call
from app.core.settings import Settings
from app.destinations import registry
from app.destinations.base import Destination, masked
from app.destinations.names import NEUTRAL
from tests.destinations.builders import TOKEN, event, pixel

NOT_PURE = {"time", "random", "requests", "socket", "threading", "sqlalchemy", "flask"}
FILES = sorted(Path(registry.__file__).parent.glob("*.py"))


@pytest.fixture(params=registry.KEYS)
def destination(request: pytest.FixtureRequest, plain_settings: Settings) -> Destination:
    return registry.get(request.param, plain_settings)


def test_platforms_are_found_by_key_and_alias(plain_settings: Settings) -> None:
    assert registry.KEYS == ("kwai", "facebook")
    assert registry.labels() == {"kwai": "Kwai", "facebook": "Meta"}
    assert registry.get("meta", plain_settings).key == "facebook"
    assert [registry.canonical(name) for name in ("meta", "facebook", "kwai", "Kwai", "")] == [
        "facebook", "facebook", "kwai", None, None,
    ]  # fmt: skip


def test_an_unknown_platform_is_a_key_error(plain_settings: Settings) -> None:
    with pytest.raises(KeyError):
        registry.get("orkut", plain_settings)


def test_every_destination_names_all_neutral_events(destination: Destination) -> None:
    assert registry.get(destination.key, destination.settings).label
    assert tuple(destination.event_names) == NEUTRAL
    assert all(destination.wire_name(name, {}) for name in NEUTRAL)


def test_every_destination_builds_the_same_call_twice(destination: Destination) -> None:
    calls = [destination.build([event(click_id="abc")], pixel()) for _ in range(2)]
    assert calls[0] == calls[1]


def test_every_token_is_masked_for_people(destination: Destination) -> None:
    call = destination.build([event(click_id="abc")], pixel())
    shown = masked(call)
    assert TOKEN not in repr(shown)
    assert shown["json"]["access_token"] == "…XYZ9"
    assert {**shown["json"], "access_token": TOKEN} == call.json


def test_a_short_secret_and_a_header_are_masked_too() -> None:
    call = Call("POST", "https://a.example", {"access_token": "abc123"}, headers={"Authorization": f"Bearer {TOKEN}"})
    assert masked(call) == {
        "method": "POST",
        "url": "https://a.example",
        "headers": {"Authorization": "…XYZ9"},
        "json": {"access_token": "…"},
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_module_here_can_send_wait_or_store(file: Path) -> None:
    imported = re.findall(r"^\s*(?:from|import) (\w+)", file.read_text("utf-8"), re.MULTILINE)
    assert not NOT_PURE & set(imported)
    assert not re.search(r"\b(now|today|utcnow)\(", file.read_text("utf-8"))
