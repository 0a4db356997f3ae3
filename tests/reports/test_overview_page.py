"""`/`: who may see it, what it says, where its numbers lead, and when it has nothing new to say."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask

from app.accounts import audit
from app.core.db import begin_write, write
from app.core.runtime import runtime
from app.outbound import targets
from app.pixels import service as pixels
from app.simulator import Simulator
from tests.people import HTMX, Browser, asking_again, new_user, sign_in
from tests.tracking_fixtures import ASYNC, KWAI_REGISTRATION, META_PIXEL, META_PURCHASE, Sender

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Drain = Callable[..., None]
HOSTILE = [
    *("period=%00", "period=9d", "from=x", "to=%F0%9F%92%A9", "from=2026-11-01&to=2026-10-01", "from=0001-01-01"),
    *("to=9999-12-31", "from=2026-01-01T00:00%2B99:99", "from=-1", "from=2026-02-30", "compare=%3Cscript%3E"),
    *("period=7d&period=90d", "from=2000-01-01&to=2000-01-02", "from=2100-12-31", "waiting=1"),
    *("from=2099-01-01&to=2099-06-01", "_external=1&_scheme=javascript", "from=2026-01-01T00:00:00.0000000000000Z"),
    *(
        "from=%E0%A4%A",
        "to=2026-11-22T24:00",
        "period=%3Cscript%3Ealert(1)%3C/script%3E",
        "from=2026-11-22T00:00 03:00",
    ),
]


def words(browser: Browser, url: str = "/") -> str:
    """What the page says in English."""
    browser.set_cookie("locale", "en")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.get(url).text))


@pytest.mark.parametrize("role", ["admin", "manager", "operator", "viewer"])
def test_every_role_sees_it(app: Flask, sender: Sender, role: str) -> None:
    sender.post(META_PURCHASE, **ASYNC)
    answer = sign_in(app, new_user(app, role)).get("/")
    assert answer.status_code == 200
    assert ("/pixels/" in answer.text) is (role in ("admin", "manager"))


def test_strangers_are_asked_to_sign_in(anonymous: Browser) -> None:
    assert anonymous.get("/").location == "/login?next=/"


def test_it_says_what_became_of_the_events(viewer: Browser, sender: Sender, drain: Drain, simulator: Simulator) -> None:
    for n in range(3):
        sender.post({**META_PURCHASE, "event_id": f"m{n}"}, **ASYNC)
    drain()
    simulator.behave(kind="refuse")
    sender.post(KWAI_REGISTRATION, **ASYNC)
    drain()
    said = words(viewer)
    assert "Events 4" in said
    assert "Delivery rate 75.0%" in said
    assert "Failures 1" in said
    assert "Meta" in said
    assert "Kwai" in said
    assert "refused" in said  # the last error, in the platform's words


def test_another_account_sees_nothing_of_it(other_admin: Browser, sender: Sender, drain: Drain) -> None:
    sender.post(META_PURCHASE, **ASYNC)
    drain()
    said = words(other_admin)
    assert "Create a pixel" in said
    assert META_PIXEL not in said


def test_no_query_breaks_it(viewer: Browser, sender: Sender) -> None:
    sender.post(META_PURCHASE, **ASYNC)
    for query in HOSTILE:
        for answer in (viewer.get(f"/?{query}"), viewer.get(f"/?{query}", headers=HTMX)):
            assert answer.status_code in (200, 204, 400), query
            assert "<script>" not in answer.text, query


def test_it_says_what_was_wrong_with_the_url(viewer: Browser, sender: Sender) -> None:
    sender.post(META_PURCHASE, **ASYNC)
    said = words(viewer, "/?from=2026-11-10&to=2026-11-01&compare=x")
    assert "The period ends before it begins: the last 7 days are shown." in said
    assert "There is no such comparison: the previous period is taken." in said


def test_names_are_escaped(
    viewer: Browser, make_sender: Callable[..., Sender], make_pixel: Callable[..., UUID]
) -> None:
    make_pixel("kwai", "7001", description="<img src=x onerror=alert(1)>")
    make_sender().post({**KWAI_REGISTRATION, "pixel_id": "7001"}, **ASYNC)
    answer = viewer.get("/").text
    assert "<img" not in answer
    assert "&lt;img src=x" in answer


def test_a_deleted_pixel_is_still_told_of(app: Flask, admin: Browser, sender: Sender, drain: Drain) -> None:
    sender.post(META_PURCHASE, **ASYNC)
    drain()
    with app.app_context(), write():
        actor = audit.system_actor(admin.person.account_id)
        (pixel,) = pixels.find(actor.account_id, [("facebook", META_PIXEL)]).values()
        id_ = pixel.id
        pixels.delete(actor, id_)
    text = admin.get("/").text
    assert "Excluído" in text
    assert f"/pixels/{id_}" not in text
    assert f"pixel={id_}" in text  # its events stay


def test_states_are_told_in_words(app: Flask, viewer: Browser, sender: Sender, make_pixel: Callable[..., UUID]) -> None:
    sender.post(META_PURCHASE, **ASYNC)
    refused, paused = make_pixel("facebook", "8001"), make_pixel("facebook", "8002")
    with begin_write(runtime(app).engine) as connection:
        targets.pause(connection, refused, "The platform refused the token", "auth")
        targets.pause(connection, paused, "by Ana", "user")
    said = words(viewer)
    assert "8001 Token refused" in said
    assert "8002 Paused" in said


def test_numbers_lead_to_their_rows(viewer: Browser, sender: Sender) -> None:
    sender.post(META_PURCHASE, **ASYNC)
    text = viewer.get("/?from=2026-03-01&to=2026-03-31").text.replace("&amp;", "&")
    bounds = "from=2026-03-01T00:00&to=2026-04-01T00:00"
    links = set(re.findall(r'href="(/events\?[^"]+)"', text))
    links = {link.replace("%3A", ":") for link in links}
    for query in ("", "&status=delivered", "&status=waiting", "&status=failed", "&platform=facebook"):
        assert f"/events?{bounds}{query}" in links
    assert re.search(r'href="/deliveries/dead\?target=[0-9a-f-]{36}"', text)


def test_nothing_new_is_a_204_with_the_time(viewer: Browser, sender: Sender) -> None:
    sender.post(META_PURCHASE, **ASYNC)
    url = "/?period=28d"
    asking = asking_again(viewer.get(url).text, url)
    still = viewer.get(url, headers=asking)
    assert (still.status_code, still.data) == (204, b"")
    assert re.fullmatch(r'\{"as-of": "\d\d:\d\d:\d\d"\}', still.headers["HX-Trigger"])
    sender.post(KWAI_REGISTRATION, **ASYNC)
    changed = viewer.get(url, headers=asking)
    assert changed.status_code == 200
    assert changed.text.lstrip().startswith('<div id="reports-overview"')


def test_first_steps_lead_to_the_first_event(app: Flask, admin: Browser, make_pixel: Callable[..., UUID]) -> None:
    assert 'href="/pixels/new"' in admin.get("/").text
    make_pixel("kwai", "7001")
    text = admin.get("/").text
    assert 'href="/pixels/new"' not in text
    assert 'href="/clients/new"' in text
    assert "7001" in text  # the sample is for the pixel there is
    assert admin.get("/?waiting=1", headers=HTMX).status_code == 204


def test_the_first_event_opens_the_overview(viewer: Browser, sender: Sender) -> None:
    sender.post(META_PURCHASE, **ASYNC)
    assert viewer.get("/?waiting=1", headers=HTMX).headers["HX-Redirect"] == "/"


def test_a_viewer_is_told_who_can_take_the_first_steps(viewer: Browser) -> None:
    assert 'href="/pixels/new"' not in viewer.get("/").text
    assert "An administrator can do this." in words(viewer)


def test_match_quality_names_the_weakest_sign(viewer: Browser, sender: Sender) -> None:
    known = {"fbp": "fb.1.1700000000.1", "client_ip_address": "203.0.113.9", "client_user_agent": "Mozilla/5.0"}
    sender.post({**META_PURCHASE, **known, "event_id": "1"}, **ASYNC)
    sender.post({**META_PURCHASE, **known, "event_id": "2", "phone": None}, **ASYNC)
    assert "Phone: Send the phone in “phone”" in words(viewer).replace(" :", ":")


def test_a_pixels_page_shows_its_match_quality(admin: Browser, sender: Sender, make_pixel: Callable[..., UUID]) -> None:
    meta, kwai = make_pixel("facebook", "8001"), make_pixel("kwai", "8002")
    sender.post({**META_PURCHASE, "pixel_id": "8001"}, **ASYNC)
    assert "pixel-matches" in admin.get(f"/pixels/{meta}").text
    assert "pixel-matches" not in admin.get(f"/pixels/{kwai}").text
