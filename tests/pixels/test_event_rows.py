"""The editor of own event names: rows come and go without JavaScript, what is wrong is told beside its row."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask

from app.core.db import db
from app.pixels.models import Pixel
from tests.people import Browser
from tests.pixels.conftest import TOKEN

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def rows(*pairs: tuple[str, str], start: int = 0) -> dict[str, str]:
    found = {"version": "1", "active": "y"}
    for number, (name, own) in enumerate(pairs, start):
        found |= {f"event_map-{number}-name": name, f"event_map-{number}-own": own}
    return found


def event_map(app: Flask, id: UUID) -> dict[str, str] | None:
    with app.app_context():
        found: dict[str, str] | None = db.session.get_one(Pixel, id).settings.get("eventMap")
        return found


def test_rows_are_stored_and_shown_again_and_empty_ones_left_out(
    app: Flask, admin: Browser, make_pixel: Callable[..., UUID]
) -> None:
    id = make_pixel()
    form = rows(("EVENT_FORM_SUBMIT", " Contact "), ("", ""), ("EVENT_DOWNLOAD", "<b>Baixou"), start=3)
    assert admin.submit(f"/pixels/{id}/edit", form).status_code == 303

    assert event_map(app, id) == {"EVENT_FORM_SUBMIT": "Contact", "EVENT_DOWNLOAD": "<b>Baixou"}
    shown = admin.get(f"/pixels/{id}/edit").text
    assert 'selected value="EVENT_FORM_SUBMIT"' in shown
    assert 'value="&lt;b&gt;Baixou"' in shown
    assert '<option value="Lead">' in shown


def test_a_row_is_added_and_removed_by_sending_the_form_back(
    app: Flask, admin: Browser, make_pixel: Callable[..., UUID]
) -> None:
    id = make_pixel()
    typed = rows(("EVENT_FORM_SUBMIT", "Contact"), ("EVENT_DOWNLOAD", "Baixou"))
    more = admin.submit(f"/pixels/{id}/edit", {**typed, "description": "typed", "add_row": "1"})
    fewer = admin.submit(f"/pixels/{id}/edit", {**typed, "remove_row": "0"}, htmx=True)

    assert (more.status_code, more.text.count('name="remove_row"')) == (200, 3)
    assert 'value="typed"' in more.text
    assert "<details" in more.text.split("event_map")[0]
    assert (fewer.status_code, fewer.text.count('name="remove_row"')) == (200, 1)
    assert ("Baixou" in fewer.text, 'Contact"' in fewer.text.split("datalist")[0]) == (True, False)
    assert event_map(app, id) is None


@pytest.mark.parametrize("asked", ["", "x", "-1", "7", "²", "9" * 5000])
def test_an_odd_row_to_remove_removes_none(admin: Browser, make_pixel: Callable[..., UUID], asked: str) -> None:
    id = make_pixel()
    answer = admin.submit(f"/pixels/{id}/edit", {**rows(("EVENT_DOWNLOAD", "Baixou")), "remove_row": asked})
    assert (answer.status_code, "Baixou" in answer.text) == (200, True)


WRONG = [  # platform, rows, the field with the message
    ("facebook", [("EVENT_NOPE", "Lead")], "event_map-0-name"),
    ("facebook", [("", "Lead")], "event_map-0-name"),
    ("facebook", [("EVENT_DOWNLOAD", "")], "event_map-0-own"),
    ("facebook", [("EVENT_DOWNLOAD", "x" * 51)], "event_map-0-own"),
    ("facebook", [("EVENT_DOWNLOAD", "a\tb")], "event_map-0-own"),
    ("facebook", [("EVENT_DOWNLOAD", "A"), ("", ""), ("EVENT_DOWNLOAD", "B")], "event_map-2-name"),
    ("kwai", [("EVENT_DOWNLOAD", "Lead")], "event_map-0-own"),
    ("kwai", [("EVENT_DOWNLOAD", "EVENT_CONTACT"), ("EVENT_CONTACT", "EVENT_NOPE")], "event_map-1-own"),
]


@pytest.mark.parametrize(("platform", "pairs", "field"), WRONG)
def test_a_wrong_row_is_told_beside_it(
    app: Flask,
    admin: Browser,
    make_pixel: Callable[..., UUID],
    platform: str,
    pairs: list[tuple[str, str]],
    field: str,
) -> None:
    id = make_pixel(platform=platform)
    answer = admin.submit(f"/pixels/{id}/edit", rows(*pairs), htmx=True)

    assert (answer.status_code, answer.text.count('-error">')) == (422, 2)
    assert f'id="{field}-error"' in answer.text
    assert 'href="#event_map"' in answer.text
    assert '<details class="mb-3" open>' in answer.text
    assert event_map(app, id) is None


def test_numbers_that_are_none_and_far_too_many_rows_are_no_error(admin: Browser) -> None:
    new = {"platform": "facebook", "pixel_id": "1", "access_token": TOKEN, "active": "y"}
    odd = {f"event_map-{number}-own": "x" for number in ("²", "9" * 5000, "-1", "")}
    assert admin.submit("/pixels", {**new, **odd}).status_code == 303
    many = {f"event_map-{number}-name": "EVENT_CONTACT" for number in range(400)}
    assert admin.submit("/pixels", {**new, "pixel_id": "2", **many}).status_code == 422
    full = admin.submit("/pixels", {**new, "pixel_id": "3", **many, "add_row": "1"})
    assert (full.status_code, full.text.count('name="remove_row"')) == (200, 100)


def test_enter_saves_and_removes_no_row(admin: Browser, make_pixel: Callable[..., UUID]) -> None:
    id = make_pixel(settings={"eventMap": {"EVENT_DOWNLOAD": "Baixou"}})
    shown = admin.get(f"/pixels/{id}/edit").text
    form = shown[shown.index('id="pixels-form"') :]
    assert form.index('<button class="visually-hidden"') < form.index('name="remove_row"')
