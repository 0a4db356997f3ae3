"""`/`: the way in."""

from __future__ import annotations

from tests.people import Browser


def test_start_page_leads_to_the_events(viewer: Browser) -> None:
    assert viewer.get("/").location == "/events"


def test_start_page_asks_strangers_to_sign_in(anonymous: Browser) -> None:
    assert anonymous.get("/").location == "/login?next=/"
