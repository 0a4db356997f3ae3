"""What is read without the model is what the model would have made of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.core.settings import Settings
from app.destinations import registry
from app.destinations.base import Person
from app.tracking import quick
from app.tracking.matches import IDENTIFYING
from app.tracking.required import known_fields
from app.tracking.schema import EventBody
from tests.tracking_fixtures import KWAI_REGISTRATION, META_PURCHASE

VALUES: list[Any] = [
    "a", " a", "a ", "a\u2003", "\x1ca", "x" * 24, "x" * 25, "x" * 64, "x" * 65, "x" * 255, "x" * 256, "x" * 2001,
    0, 7, -3, 2**53, True, False, Decimal("50.00"), Decimal("0.1234567"), Decimal("-1"), Decimal("1E+11"), "12.50",
    "1e3",
    "BRL", "brl", "XXX1", "website", "Website", "granted", 1_700_000_000, "2026-11-20T10:00:00Z", "yesterday",
    [], ["a"], ["a", 7], ["a", ""], [" a"], ["x" * 256], ["a"] * 11, [True], {"id": "1"}, [{"id": "1", "quantity": 2}],
    {"ad_user_data": "denied"},
]  # fmt: skip


def by_the_model(given: dict[str, Any]) -> dict[str, Any] | None:
    try:
        return quick.of_model(EventBody.model_validate(given))
    except ValidationError:
        return None


def events() -> Iterator[dict[str, Any]]:
    yield from ({name: value} for name in EventBody.model_fields for value in VALUES)
    chance = random.Random(11)
    names = list(EventBody.model_fields)
    for _number in range(500):
        yield {name: chance.choice(VALUES) for name in chance.sample(names, chance.randrange(1, 8))}


def test_a_quick_reading_is_the_models() -> None:
    seen = 0
    for event in events():
        given = known_fields(event)
        found = quick.fields(given)
        if found is not None:
            seen += 1
            assert found == by_the_model(given), event
            assert list(map(type, found.values())) == list(map(type, (by_the_model(given) or {}).values()))
    assert seen > 500


@pytest.mark.parametrize("body", [KWAI_REGISTRATION, {**META_PURCHASE, "value": Decimal("50.00")}])
def test_usual_events_are_read_quickly(body: dict[str, Any]) -> None:
    assert quick.fields(known_fields(body)) is not None


def test_a_platform_that_identifies_nobody_makes_nothing_of_anybody(tmp_path: Path) -> None:
    whole = Person(email="ana@example.com", phone="+5511999999999", fbclid="abc", client_ip_address="203.0.113.7")
    for key in registry.KEYS:
        identity = registry.get(key, Settings.load({}, data_dir=tmp_path)).identify(whole)
        assert bool(identity) is (key in IDENTIFYING)
