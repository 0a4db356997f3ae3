"""What the page and the list say of a pixel's deliveries, and what features above add to the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from markupsafe import Markup
from sqlalchemy import insert, update

from app.core import clock
from app.core.db import begin_write, db, write
from app.core.ids import uuid7
from app.core.rollup import hour_of
from app.core.runtime import runtime
from app.deliveries import health as deliveries_health
from app.deliveries.standing import State
from app.outbound.figures import Figures
from app.outbound.models import Delivery, Target
from app.outbound.tally import OPEN, Shift, Stand, shift
from app.pixels import health, panels
from app.pixels.models import Pixel
from tests.people import HTMX, Browser

MINUTE = timedelta(minutes=1)


def deliver(app: Flask, account_id: UUID, pixel: UUID, status: str, *, ago: timedelta = MINUTE) -> None:
    """One delivery with its figures, as the engine keeps them."""
    at = clock.now() - ago
    stand = Stand(status, "refused" if status == "dead" else None, at + timedelta(seconds=2))
    with begin_write(runtime(app).engine) as connection:
        row = {
            "account_id": account_id,
            "id": uuid7(),
            "kind": "conversion",
            "target_id": pixel,
            "ref_id": uuid7(),
            "ref_at": at,
            "status": status,
            "next_at": at,
            "created_at": at,
        }
        connection.execute(insert(Delivery), row)
        shift(connection, [Shift(account_id, pixel, at, None, OPEN if status == "pending" else stand)])


def health_of(app: Flask, id: UUID) -> health.Health:
    with app.app_context():
        return health.of_pixel(db.session.connection(), db.session.get_one(Pixel, id), clock.now())


def test_figures_of_a_pixel_are_its_own(app: Flask, account_id: UUID, make_pixel: Callable[..., UUID]) -> None:
    one, other = make_pixel(pixelId="1"), make_pixel(pixelId="2")
    for status in ("done", "done", "dead", "pending"):
        deliver(app, account_id, one, status)
    deliver(app, account_id, one, "done", ago=timedelta(days=3))
    deliver(app, account_id, other, "done")
    found = health_of(app, one)

    assert (found.day.accepted, found.day.success_share, found.week.done) == (4, 2 / 3, 3)
    assert (found.now.open, found.now.dead_total, sum(found.days), found.days[-1]) == (1, 1, 5, 4)
    assert found.day.p95_s is not None
    assert 1 <= found.day.p95_s <= 5
    assert found.last_event_at is not None
    with app.app_context():
        pixels = [db.session.get_one(Pixel, id) for id in (one, other)]
        listed = health.of_pixels(db.session.connection(), account_id, pixels, clock.now())
    assert listed[one].day == found.day
    assert (listed[other].week.done, listed[other].state) == (1, State.WELL)


HELD: list[tuple[dict[str, Any], str]] = [
    ({}, "quiet"),
    ({"state": "paused", "reason_code": "auth"}, "refused"),
    ({"state": "paused", "reason_code": "user"}, "paused"),
    ({"breaker": "open", "breaker_until": timedelta(minutes=3)}, "broken"),
    ({"breaker": "half_open"}, "broken"),
    ({"not_before": timedelta(minutes=3)}, "throttled"),
    ({"not_before": -timedelta(minutes=3)}, "quiet"),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_holds_a_pixel_back_has_a_word(
    app: Flask, admin: Browser, account_id: UUID, make_pixel: Callable[..., UUID]
) -> None:
    id = make_pixel()
    clean = {"state": "active", "reason_code": None, "breaker": "closed", "breaker_until": None, "not_before": None}
    for values, word in HELD:
        now = clock.now()
        moved = {name: now + value if isinstance(value, timedelta) else value for name, value in values.items()}
        with app.app_context(), write() as session:
            session.execute(update(Target).values(**clean | moved))
        assert health_of(app, id).state == word, values
        assert admin.get(f"/pixels/{id}").status_code == 200
    deliver(app, account_id, id, "pending", ago=timedelta(hours=1))
    assert health_of(app, id).state == "late"
    deliver(app, account_id, id, "dead")
    assert health_of(app, id).state == "failing"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_page_and_list_show_health_and_lead_to_the_rows(
    app: Flask, admin: Browser, account_id: UUID, make_pixel: Callable[..., UUID]
) -> None:
    id = make_pixel()
    deliver(app, account_id, id, "dead")
    with app.app_context(), write() as session:
        session.execute(update(Target).values(last_error="<b>bad fbc</b>", last_error_at=clock.now()))
    shown, listed = admin.get(f"/pixels/{id}").text, admin.get("/pixels", headers=HTMX).text

    assert "&lt;b&gt;bad fbc&lt;/b&gt;" in shown
    assert f"/deliveries/dead?target={id}" in shown
    assert 'class="spark' in shown
    assert f"/deliveries/dead?target={id}" in listed
    assert "Com falhas" in listed


def test_days_are_counted_back_from_the_present_hour() -> None:
    start = hour_of(clock.now())
    hours = {start + timedelta(hours=n): Figures(accepted=1) for n in (0, 23, 24, 167)}
    assert deliveries_health.by_day(hours, start) == [2, 1, 0, 0, 0, 0, 1]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_feature_above_adds_its_card(
    admin: Browser, make_pixel: Callable[..., UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    meta, kwai = make_pixel(), make_pixel(platform="kwai")
    monkeypatch.setattr(panels, "_makers", [])

    @panels.add_panel
    def quality(pixel: Pixel) -> panels.Panel | None:
        return panels.Panel("Match <quality>", Markup("<em>0,8</em>")) if pixel.platform == "facebook" else None

    panels.add_panel(quality)
    assert admin.get(f"/pixels/{meta}").text.count("<em>0,8</em>") == 1
    assert "Match &lt;quality&gt;" in admin.get(f"/pixels/{meta}").text
    assert "<em>0,8</em>" not in admin.get(f"/pixels/{kwai}").text
