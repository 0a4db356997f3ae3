"""/events: the list with its filters, one event with its attempts, and who sees what."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from flask import Flask

from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from app.core.ids import created_at
from app.outbound import repair, targets
from app.outbound.models import Delivery, Status, TargetState
from app.outbound.policy import PLATFORM
from app.pixels import service as pixels
from app.pixels.models import Pixel
from app.tracking import detail, log
from app.tracking.filters import Filters
from app.tracking.history import formatted
from app.tracking.models import TrackedEvent
from app.tracking.status import EventStatus, event_status
from tests.people import HTMX, Browser, Person, asking_again
from tests.tracking.events import HASH, add_attempt, new_event, new_target

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HOSTILE = "<script>alert('x')</script>\"'&=1+1"


@pytest.fixture
def pixel(app: Flask, admin: Browser) -> UUID:
    """The id of a pixel's target."""
    return new_target(app, admin.person.account_id)


def new_pixel(app: Flask, person: Person, **values: Any) -> UUID:
    """A pixel with its token, so that requests can be shown."""
    given = {"platform": "facebook", "pixelId": "123", "accessToken": "EAAB-a-token-that-nobody-may-see-9f3c", **values}
    with app.test_request_context(), write():
        return pixels.create(Actor(person.account_id, person.id, person.email), given).id


@pytest.mark.parametrize(
    ("delivery", "target", "word"),
    [
        ("pending", "active", "pending"),
        ("leased", "active", "pending"),
        ("pending", "paused", "paused"),
        ("leased", "paused", "paused"),
        ("pending", "deleted", "cancelled"),
        ("pending", None, "pending"),
        ("done", "paused", "delivered"),
        ("dead", "active", "failed"),
        ("cancelled", "active", "cancelled"),
        (None, "active", "cancelled"),
    ],
)
def test_one_word_says_where_an_event_stands(delivery: str | None, target: str | None, word: str) -> None:
    assert event_status(delivery, target) == word


def test_every_status_has_a_word() -> None:
    found = {event_status(status, state) for status in (*Status, None) for state in TargetState}
    assert found == set(EventStatus)


@on_sqlite
def test_an_empty_list_teaches(admin: Browser) -> None:
    assert "Ainda não há eventos" in admin.get("/events").text


@on_sqlite
def test_the_list_is_newest_first_and_paged_by_cursor(app: Flask, admin: Browser, pixel: UUID) -> None:
    events = [new_event(app, admin.person.account_id, pixel) for _ in range(5)]
    html = admin.get("/events?limit=2", headers=HTMX).text
    seen = re.findall(r"/events/track_([0-9a-f]{32})", html)
    while following := re.search(r'href="([^"]+)" hx-get="[^"]+" aria-label="Próxima', html):
        html = admin.get(following[1].replace("&amp;", "&"), headers=HTMX).text
        seen += re.findall(r"/events/track_([0-9a-f]{32})", html)
    assert seen == [event.hex for event in events[::-1]]


FILTERED: list[tuple[str, set[str]]] = [
    ("platform=kwai", {"kwai"}),
    ("platform=meta", {"done", "dead", "paused", "none", "lost", "waiting"}),
    ("pixel=999&event=EVENT_PURCHASE", {"kwai"}),
    ("event=EVENT_CONTACT", {"dead"}),
    ("status=delivered", {"done", "kwai"}),
    ("status=failed", {"dead"}),
    ("error=refused", {"dead"}),
    ("error=expired", set()),
    ("status=paused", {"paused"}),
    ("status=cancelled", {"none", "lost"}),
    ("status=pending", {"waiting"}),
    ("status=waiting", {"waiting", "paused"}),
    ("status=delivered&platform=kwai", {"kwai"}),
    ("event=nobody-sends-this", set()),
    ("q=" + "k" * 300, {"kwai"}),
    ("q=order-of-kwai&status=failed", set()),
    ("period=today&status=failed", {"dead"}),
    ("period=yesterday", set()),
]


@on_sqlite
def test_filters_in_the_url(app: Flask, admin: Browser, pixel: UUID) -> None:
    own = admin.person.account_id
    paused, deleted, kwai = new_target(app, own), new_target(app, own), new_target(app, own, "Kwai 999")
    with app.app_context(), write() as session:
        targets.pause(session.connection(), paused, "Token expired", "auth")
        targets.delete(session.connection(), deleted)
    events = {
        "done": new_event(app, own, pixel),
        "dead": new_event(app, own, pixel, "dead", event_name="EVENT_CONTACT"),
        "paused": new_event(app, own, paused, "pending"),
        "none": new_event(app, own, pixel, "cancelled"),
        "lost": new_event(app, own, deleted, "pending"),
        "waiting": new_event(app, own, pixel, "leased"),
        "kwai": new_event(app, own, kwai, platform="kwai", click_id="k" * 300, event_id="order-of-kwai"),
    }
    for query, expected in FILTERED:
        html = admin.get(f"/events?{query}", headers=HTMX).text
        assert {name for name, id in events.items() if id.hex in html} == expected, query


UNMATCHED = [
    ("status=x", "Essa situação não existe"),
    ("platform=orkut", "Essa plataforma não existe"),
    ("pixel=%01", "ID de um pixel"),
    ("client=x", "Esse cliente de API não existe"),
    ("error=x", "Esse tipo de falha não existe"),
    ("error=refused&status=delivered", "Só eventos que falharam"),
    ("period=x", "Esse período não existe"),
    ("from=yesterday", "O início não é uma data"),
    ("to=2026-13-40", "O fim não é uma data"),
    ("to=" + "9" * 5000, "O fim não é uma data"),
    ("from=9999-12-31&to=0001-01-01", "não é uma data"),
    ("from=2026-11-20&to=2026-11-01", "termina antes de começar"),
    ("from=2026-11-20T10:00&to=2026-11-20T10:00", "termina antes de começar"),
    ("q=" + "x" * 600, "Nada pode ter esse ID"),
    ("q=abc", "IDs são encontrados inteiros"),
    ("event=nobody-sends-this", "Nada encontrado"),
    ("pixel=nobodys", "Nada encontrado"),
]


@on_sqlite
def test_what_cannot_match_says_why(app: Flask, admin: Browser, pixel: UUID) -> None:
    event = new_event(app, admin.person.account_id, pixel)
    for query, words in UNMATCHED:
        answer = admin.get(f"/events?{query}")
        assert answer.status_code == 200
        assert words in answer.text, query
        assert event.hex not in answer.text, query


@on_sqlite
def test_an_odd_page_still_shows_the_first(app: Flask, admin: Browser, pixel: UUID) -> None:
    event = new_event(app, admin.person.account_id, pixel)
    for query in (
        "after=x",
        "after=" + "a" * 5000,
        "limit=0",
        "limit=x",
        "page=-1",
        "period=28d",
        "from=2026-11-01+10:00",
        "from=20261101",
        "from=2026-W40-1",
        "from=2026-11-01x10:00",
        "to=2099-01-01T10",
    ):
        assert event.hex in admin.get(f"/events?{query}").text, query


@on_sqlite
def test_a_period_is_of_the_readers_clock(app: Flask, admin: Browser, pixel: UUID) -> None:
    at = clock.now().replace(hour=1, minute=30, second=0, microsecond=0) - timedelta(days=2)  # 22:30 of the day before
    event = new_event(app, admin.person.account_id, pixel, at=at)
    day, next_day = (at - timedelta(days=1)).date(), at.date()
    for span, is_in in (
        ({"from": day, "to": day}, True),
        ({"from": next_day}, False),
        ({"from": f"{day}T22:30", "to": f"{day}T22:31"}, True),
        ({"from": f"{day}T22:31"}, False),
        ({"to": f"{day}T22:30"}, False),
        ({"from": f"{at:%Y-%m-%dT%H:%M}Z"}, True),
        ({"from": f"{at:%Y-%m-%dT%H:%M}+00:00"}, True),
    ):
        assert (event.hex in admin.get(f"/events?{urlencode(span)}").text) is is_in, span


@on_sqlite
def test_the_number_and_a_chip_for_each_filter(app: Flask, admin: Browser, pixel: UUID) -> None:
    for _ in range(3):
        new_event(app, admin.person.account_id, pixel, "dead")
    html = admin.get("/events?status=failed&platform=meta&limit=2&pixel=123&from=2026-01-02").text
    assert '<option value="123" selected>' in html
    assert "02/01/2026" in html
    html = admin.get("/events?status=failed&platform=meta&limit=2").text
    assert "3 eventos" in html
    assert 'href="/events?platform=meta&amp;limit=2" aria-label="Remover o filtro Situação: Falhou"' in html


@on_sqlite
def test_a_live_list_answers_204_until_something_changes(app: Flask, admin: Browser, pixel: UUID) -> None:
    event = new_event(app, admin.person.account_id, pixel, "dead")
    headers = asking_again(admin.get("/events").text, "/events")
    assert admin.get("/events", headers=headers).status_code == 204
    with app.app_context(), write() as session:
        repair.replay(session.connection(), admin.person.account_id, [event], clock.now())
    assert admin.get("/events", headers=headers).status_code == 200


@on_sqlite
def test_hostile_text_in_every_stored_field_is_shown_escaped(app: Flask, admin: Browser) -> None:
    own = admin.person.account_id
    pixel = new_pixel(app, admin.person)
    values: dict[str, Any] = dict.fromkeys(("pixel_id", "event_name", "event_id", "click_id"), HOSTILE)
    fields = {"content_name": HOSTILE, HOSTILE: HOSTILE, "contents": [{"id": HOSTILE}], "event_source_url": HOSTILE}
    event = new_event(app, own, pixel, "dead", detail=HOSTILE, fields=fields, identity={HOSTILE: HOSTILE}, **values)
    add_attempt(app, own, event, 1, detail=HOSTILE, response=HOSTILE, outcome=HOSTILE[:16])
    for path in ("/events", f"/events/{event}", f"/events/{event}/correct", f"/events?{urlencode({'q': HOSTILE})}"):
        html = admin.get(path).text
        assert "alert(" in html, path
        assert "<script>alert" not in html, path


@on_sqlite
def test_one_event_shows_every_attempt_but_no_hash_to_those_who_may_not(
    app: Flask, admin: Browser, viewer: Browser
) -> None:
    own = admin.person.account_id
    event = new_event(app, own, new_pixel(app, admin.person), "pending")
    add_attempt(app, own, event, 1)
    add_attempt(app, own, event, 2, http_status=None, detail="Timeout", response='{"error": {"fbtrace_id": "AbC"}}')
    html = viewer.get(f"/events/track_{event.hex}").text

    assert html.index("Tentativa 2") < html.index("Tentativa 1") < html.index("Recebido do aplicativo")
    assert all(text in html for text in ("HTTP 503", "1.234 ms", "Tempo esgotado", "&lt;h1&gt;busy", "Depósito"))
    assert all(text in html for text in ("E-mail", "Clique (fbc)", "Próxima tentativa", f"track_{event.hex}", "AbC"))
    assert HASH not in html
    assert f"{HASH[:8]}…" in html
    assert HASH in admin.get(f"/events/track_{event.hex}").text  # with the request, for those who may see pixels


@on_sqlite
def test_the_request_is_shown_without_the_token_and_as_curl(app: Flask, admin: Browser) -> None:
    pixel = new_pixel(app, admin.person)
    html = admin.get(f"/events/{new_event(app, admin.person.account_id, pixel)}").text
    assert "…9f3c" in html
    assert "nobody-may-see" not in html
    assert "curl --globoff" in html


@on_sqlite
def test_the_timeline_tells_of_repeats_replays_corrections_and_the_verdict(app: Flask, admin: Browser) -> None:
    now = clock.now()
    told: dict[str, Any] = {"repeats": 3, "repeated_at": now, "edited_at": now}
    event = new_event(app, admin.person.account_id, new_pixel(app, admin.person), "dead", **told)
    with app.app_context(), write() as session:
        session.query(Delivery).update({"replayed_at": now, "generation": 2})
    html = admin.get(f"/events/{event}").text
    words = (
        "3 vezes ao todo",
        "Campos corrigidos por uma pessoa",
        "Reenvio 2",
        "Desistimos",
        "Recusado pela plataforma",
    )
    assert all(text in html for text in words)


@on_sqlite
def test_what_changed_after_the_last_attempt_is_noted(app: Flask, admin: Browser) -> None:
    own = admin.person.account_id
    pixel = new_pixel(app, admin.person)
    event = new_event(app, own, pixel, "dead")
    add_attempt(app, own, event, 1)
    assert "alterado depois da última tentativa" not in admin.get(f"/events/{event}").text
    with app.app_context(), write() as session:
        session.query(TrackedEvent).update({"edited_at": clock.now()})
        session.query(Pixel).update({"updated_at": clock.now()})
    html = admin.get(f"/events/{event}").text
    assert "O pixel foi alterado depois da última tentativa" in html
    assert "Este evento foi corrigido depois da última tentativa" in html


@pytest.mark.parametrize(
    ("status", "buttons"),
    [
        ("dead", {"Reenviar", "Corrigir", "Não enviar"}),
        ("cancelled", {"Reenviar", "Corrigir"}),
        ("pending", {"Corrigir", "Não enviar"}),
        ("done", set()),
    ],
)
@on_sqlite
def test_actions_fit_the_state_and_the_role(
    app: Flask, manager: Browser, viewer: Browser, status: str, buttons: set[str]
) -> None:
    event = new_event(app, manager.person.account_id, new_target(app, manager.person.account_id), status)
    every = {"Reenviar", "Corrigir", "Não enviar"}
    assert {word for word in every if word in manager.get(f"/events/{event}").text} == buttons
    assert not any(word in viewer.get(f"/events/{event}").text for word in every)


@on_sqlite
def test_a_refused_consent_is_never_offered_to_be_sent(app: Flask, admin: Browser, pixel: UUID) -> None:
    event = new_event(app, admin.person.account_id, pixel, "cancelled", error="consent")
    html = admin.get(f"/events/{event}").text
    assert "Consentimento negado" in html
    assert "Reenviar" not in html
    assert "Corrigir" not in html


@on_sqlite
def test_a_paused_event_says_why_it_waits(app: Flask, admin: Browser, pixel: UUID) -> None:
    event = new_event(app, admin.person.account_id, pixel, "pending")
    with app.app_context(), write() as session:
        targets.pause(session.connection(), pixel, "Session <b>expired</b>", "auth")
    html = admin.get(f"/events/{event}").text
    assert "Session &lt;b&gt;expired" in html
    assert "Próxima tentativa" not in html


@on_sqlite
def test_the_plan_follows_the_waits_until_the_event_is_too_old(
    app: Flask, admin: Browser, pixel: UUID, travel: Callable[[timedelta], None]
) -> None:
    own = admin.person.account_id
    event = new_event(app, own, pixel, "pending", attempts=1)  # due in an hour
    at = created_at(event) + timedelta(hours=1)
    with app.app_context(), write() as session:
        session.query(Delivery).update({"expires_at": at + timedelta(seconds=300)})
    with app.app_context():
        planned = detail.plan(detail.get(db.session(), own, event), PLATFORM, clock.now())
        travel(timedelta(hours=2))
        overdue = detail.plan(detail.get(db.session(), own, event), PLATFORM, clock.now())
    assert planned == detail.Plan(
        at, [at + timedelta(seconds=116), at + timedelta(seconds=236)], at + timedelta(seconds=300)
    )
    assert overdue is not None
    assert overdue.next_at > at
    assert overdue.later == []


@pytest.mark.parametrize(
    ("response", "text", "trace"),
    [
        (None, None, None),
        ("<h1>busy</h1>", "<h1>busy</h1>", None),
        ('{"a":1}', '{\n  "a": 1\n}', None),
        ('{"fbtrace_id":"x"}', '{\n  "fbtrace_id": "x"\n}', "x"),
        ('{"error":{"fbtrace_id":"y"}}', '{\n  "error": {\n    "fbtrace_id": "y"\n  }\n}', "y"),
        ('{"error": "cut…', '{"error": "cut…', None),
        ("[" * 5000, "[" * 5000, None),
    ],
)
def test_an_answer_is_formatted_where_it_is_json(response: str | None, text: str | None, trace: str | None) -> None:
    assert formatted(response) == (text, trace)


@on_sqlite
def test_an_odd_id_is_a_404(admin: Browser) -> None:
    for id in ("x", "track_", "track_zz", "0" * 32, "track_" + "f" * 32, "a" * 5000):
        assert admin.get(f"/events/{id}").status_code == 404
        assert admin.get(f"/events/{id}/correct").status_code == 404


def test_another_accounts_events_are_not_there(app: Flask, admin: Browser, other_account: Person) -> None:
    theirs = new_event(app, other_account.account_id, new_target(app, other_account.account_id), "dead")
    assert theirs.hex not in admin.get("/events").text
    assert theirs.hex not in admin.get(f"/events?q={theirs}").text.replace(f"q={theirs}", "")
    for path in (f"/events/track_{theirs.hex}", f"/events/{theirs}/correct"):
        assert admin.get(path).status_code == 404
    assert admin.submit(f"/events/{theirs}/correct").status_code == 404


@pytest.mark.parametrize("role", ["manager", "operator", "viewer"])
@on_sqlite
def test_every_role_sees_events_and_strangers_sign_in(
    app: Flask, request: pytest.FixtureRequest, anonymous: Browser, role: str
) -> None:
    browser: Browser = request.getfixturevalue(role)
    event = new_event(app, browser.person.account_id, new_target(app, browser.person.account_id))
    assert browser.get("/events").status_code == 200
    assert browser.get(f"/events/{event}").status_code == 200
    assert anonymous.get(f"/events/{event}").status_code == 303


@on_sqlite
def test_an_event_without_a_delivery_is_shown_as_cancelled(app: Flask, admin: Browser, pixel: UUID) -> None:
    event = new_event(app, admin.person.account_id, pixel, None)
    with app.app_context():
        (line,) = log.search(db.session(), admin.person.account_id, Filters()).rows
    assert line.status == "cancelled"
    assert "Cancelado" in admin.get(f"/events/{event}").text
