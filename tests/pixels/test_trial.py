"""Test events: what goes out, what is shown of every answer, who may send one, and what must never show."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import AuditEntry
from app.core.access import Actor
from app.core.db import db, write
from app.core.runtime import EXTENSION, runtime
from app.outbound import targets
from app.outbound.models import Attempt, Delivery, Target
from app.pixels import trial
from app.pixels.models import Pixel
from app.simulator import Simulator
from tests.people import HTMX, Browser
from tests.pixels.conftest import TOKEN
from tests.tracking_fixtures import settings, simulator

__all__ = ["settings", "simulator"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

META = {"event_name": "EVENT_PURCHASE", "test_event_code": "TEST12345"}
KWAI = {"event_name": "EVENT_PURCHASE", "click_id": "click-of-the-test-page", "track_flag": "y"}
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def outbound_timeout() -> float:
    return 0.4


def text_of(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", html))


def test_meta_gets_a_made_up_purchase_under_the_test_code(
    admin: Browser, make_pixel: Callable[..., UUID], simulator: Simulator
) -> None:
    id = make_pixel(settings={"testEventCode": "TEST77", "eventMap": {"EVENT_PURCHASE": "Compra"}})
    form = admin.get(f"/pixels/{id}/test").text
    answer = admin.submit(f"/pixels/{id}/test", META)

    [call] = simulator.received()
    event = call.body["data"][0]
    assert 'value="TEST77"' in form
    assert call.body["test_event_code"] == "TEST12345"
    assert event["event_name"] == "Compra"
    assert (event["custom_data"]["value"], event["custom_data"]["currency"]) == (1, "BRL")
    assert "em" in event["user_data"]
    assert "A plataforma aceitou o evento de teste" in text_of(answer.text)


@pytest.mark.parametrize("ticked", [(), ("trackFlag",), ("trackFlag", "testFlag")])
def test_kwai_gets_the_click_id_and_the_flags_that_were_ticked(
    admin: Browser, make_pixel: Callable[..., UUID], simulator: Simulator, ticked: tuple[str, ...]
) -> None:
    id = make_pixel(platform="kwai", pixelId="777")
    boxes = {"trackFlag": "track_flag", "testFlag": "test_flag"}
    form = {"event_name": "EVENT_PURCHASE", "click_id": "of-the-test-page", **{boxes[name]: "y" for name in ticked}}
    answer = admin.submit(f"/pixels/{id}/test", form)

    body = simulator.received()[0].body
    assert {name: body[name] for name in boxes} == {name: name in ticked for name in boxes}
    assert body["clickid"] == "of-the-test-page"
    assert '"clickid": "of-the-test-page"' in text_of(answer.text)


def test_the_page_shows_exactly_what_went_out_but_the_token(
    admin: Browser, make_pixel: Callable[..., UUID], simulator: Simulator
) -> None:
    id = make_pixel()
    shown = admin.submit(f"/pixels/{id}/test", META, htmx=True)
    body = re.search(r'<pre[^>]*id="pixels-test-body"[^>]*>(.*?)</pre>', shown.text, re.DOTALL)

    assert body is not None
    assert json.loads(unescape(body[1])) == simulator.received()[0].body | {"access_token": "…9f3c"}
    assert f"POST {simulator.url}/v25.0/123456789012345/events" in shown.text
    assert "events_received" in shown.text
    assert shown.headers["HX-Retarget"] == "#pixels-test"
    assert TOKEN not in shown.text


OUTCOMES = [  # what the platform does, the outcome, HTTP status, words on the page
    ({}, "sent", 200, "aceitou o evento de teste"),
    ({"kind": "refuse"}, "rejected", 400, "recusou o evento"),
    ({"kind": "expire"}, "auth", 401, "recusou as credenciais"),
    ({"kind": "throttle"}, "throttled", 400, "pediu para ir mais devagar"),
    ({"kind": "error"}, "retry", 500, "está com problemas"),
    ({"kind": "html"}, "retry", 502, "está com problemas"),
    ({"kind": "html", "status": 200}, "retry", 200, "não foi entendida"),
    ({"kind": "error", "status": 302}, "retry", 302, "não foi entendida"),
    ({"kind": "hang"}, "retry", None, "não respondeu a tempo"),
    ({"kind": "endless"}, "retry", None, "não foi entendida"),
    ({"kind": "reset"}, "retry", None, "Não foi possível alcançar"),
    ({"kind": "drop"}, "retry", None, "Não foi possível alcançar"),
]


@pytest.mark.parametrize(("behaviour", "outcome", "status", "words"), OUTCOMES)
def test_every_answer_is_told_in_words_on_the_page_and_as_an_outcome_by_the_api(
    admin: Browser,
    client: Any,
    admin_token: dict[str, str],
    make_pixel: Callable[..., UUID],
    simulator: Simulator,
    behaviour: dict[str, Any],
    outcome: str,
    status: int | None,
    words: str,
) -> None:
    id = make_pixel()
    if behaviour:
        simulator.behave(**behaviour)
    page = admin.submit(f"/pixels/{id}/test", META, htmx=True)
    told = client.post(f"/api/pixels/{id}/test", json={"testEventCode": "TEST1"}, headers=admin_token)

    assert (page.status_code, told.status_code) == (200, 200)
    assert words in text_of(page.text)
    assert (told.json["outcome"], told.json["httpStatus"]) == (outcome, status)
    assert set(told.json) == {"outcome", "detail", "httpStatus", "durationMs", "request", "response"}
    assert TOKEN not in page.text + told.text


def test_a_code_that_was_cleared_is_not_taken_from_the_settings(
    admin: Browser, make_pixel: Callable[..., UUID], simulator: Simulator
) -> None:
    id = make_pixel(settings={"testEventCode": "TEST77"})
    assert admin.submit(f"/pixels/{id}/test", {**META, "test_event_code": " "}).status_code == 422
    assert simulator.received() == []


def test_nobody_at_the_other_end_is_an_outcome_too(
    client: Any, admin_token: dict[str, str], make_pixel: Callable[..., UUID], simulator: Simulator
) -> None:
    id = make_pixel(platform="kwai", pixelId="777")
    simulator.stop()
    told = client.post(f"/api/v1/pixels/{id}/test", json={"clickId": "c"}, headers=admin_token)
    assert (told.status_code, told.json["outcome"], told.json["detail"]) == (200, "retry", "Connection failed")


def test_what_a_platform_quotes_is_escaped_and_never_the_token(
    admin: Browser, make_pixel: Callable[..., UUID], quoting: Callable[[bytes], None]
) -> None:
    id = make_pixel(platform="kwai", pixelId="777", accessToken='plain/word"token')
    quoting(json.dumps({"result": 5, "error_msg": f'{HOSTILE} plain/word"token \x00'}).encode())
    shown = admin.submit(f"/pixels/{id}/test", KWAI, htmx=True)

    assert shown.status_code == 200
    assert HOSTILE not in shown.text
    assert HOSTILE in unescape(shown.text)
    assert "plain/word" not in unescape(shown.text)


@pytest.fixture
def quoting(app: Flask) -> Iterator[Callable[[bytes], None]]:
    """`quoting(body)`: a Kwai that answers every call with this body."""
    said = [b"{}"]

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(said[0])))
            self.end_headers()
            self.wfile.write(said[0])

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/log/common/api"
    changed = runtime(app).settings.model_copy(update={"kwai_events_url": url})
    app.extensions[EXTENSION] = replace(runtime(app), settings=changed)
    yield lambda answer: said.__setitem__(0, answer)
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.mark.parametrize(
    ("platform", "form", "field"),
    [
        ("facebook", {"event_name": "EVENT_PURCHASE"}, "test_event_code"),
        ("facebook", {**META, "test_event_code": "x" * 65}, "test_event_code"),
        ("facebook", {**META, "test_event_code": "a\tb"}, "test_event_code"),
        ("facebook", {**META, "event_name": HOSTILE}, "event_name"),
        ("kwai", {"event_name": "EVENT_PURCHASE", "click_id": " "}, "click_id"),
        ("kwai", {**KWAI, "click_id": "x" * 513}, "click_id"),
        ("kwai", {**KWAI, "event_name": "Purchase"}, "event_name"),
    ],
)
def test_a_wrong_form_sends_nothing(
    admin: Browser,
    make_pixel: Callable[..., UUID],
    simulator: Simulator,
    platform: str,
    form: dict[str, str],
    field: str,
) -> None:
    answer = admin.submit(f"/pixels/{make_pixel(platform=platform)}/test", form, htmx=True)
    assert (answer.status_code, f'id="{field}-error"' in answer.text) == (422, True)
    assert answer.text.lstrip().startswith('<div id="pixels-test"')
    assert simulator.received() == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "testEventCode"),
        ({"testEventCode": ""}, "testEventCode"),
        ({"testEventCode": 5}, "testEventCode"),
        ({"testEventCode": "T", "clickId": "x"}, "clickId"),
        ({"testEventCode": "T", "trackFlag": True}, "trackFlag"),
        ({"testEventCode": "T", "eventName": "Nope"}, "eventName"),
        ({"testEventCode": "T", "colour": "red"}, "colour"),
        ({"testEventCode": "T\x07"}, "testEventCode"),
    ],
)
def test_a_wrong_body_is_a_400_that_names_the_field(
    client: Any,
    admin_token: dict[str, str],
    make_pixel: Callable[..., UUID],
    simulator: Simulator,
    body: dict[str, Any],
    field: str,
) -> None:
    answer = client.post(f"/api/pixels/{make_pixel()}/test", json=body, headers=admin_token)
    assert (answer.status_code, list(answer.json["fields"])) == (400, [field])
    assert simulator.received() == []


def test_nothing_is_kept_of_a_test_but_an_audit_entry_without_its_body(
    app: Flask, admin: Browser, make_pixel: Callable[..., UUID], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    id = make_pixel()
    admin.submit(f"/pixels/{id}/test", META)

    with app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "pixel.tested")).one()
        said = {"event": "EVENT_PURCHASE", "outcome": "sent", "httpStatus": 200}
        assert entry.changes == {name: [None, value] for name, value in said.items()}
        assert (entry.subject_id, entry.user_id) == (str(id), admin.person.id)
        assert [db.session.scalar(select(func.count()).select_from(each)) for each in (Delivery, Attempt)] == [0, 0]
        assert db.session.get_one(Target, id).last_error is None
    assert TOKEN not in caplog.text


def test_a_paused_pixel_is_tested_and_resumed_from_there(
    app: Flask, admin: Browser, make_pixel: Callable[..., UUID]
) -> None:
    id = make_pixel()
    with app.app_context(), write() as session:
        targets.pause(session.connection(), id, "token expired", "auth")
    shown = admin.submit(f"/pixels/{id}/test", META).text

    assert f'action="/pixels/{id}/resume"' in shown
    assert admin.submit(f"/pixels/{id}/resume").location == f"/pixels/{id}"
    with app.app_context():
        assert db.session.get_one(Target, id).state == "active"
    assert f'action="/pixels/{id}/resume"' not in admin.submit(f"/pixels/{id}/test", META).text


def test_a_token_that_cannot_be_read_is_told_and_nothing_is_sent(
    app: Flask, admin: Browser, make_pixel: Callable[..., UUID], simulator: Simulator
) -> None:
    id = make_pixel()
    with app.app_context(), write() as session:
        session.get_one(Pixel, id).sealed_token = "of another row"
    assert f'href="/pixels/{id}/edit"' in admin.submit(f"/pixels/{id}/test", META).text
    assert simulator.received() == []


def test_an_account_sends_ten_a_minute(
    admin: Browser, client: Any, admin_token: dict[str, str], make_pixel: Callable[..., UUID]
) -> None:
    url = f"/pixels/{make_pixel()}/test"
    told = [client.post(f"/api{url}", json={"testEventCode": "T"}, headers=admin_token) for _ in range(11)]
    page = admin.submit(url, META, headers={"Accept-Language": "pt"})

    assert [each.status_code for each in told] == [200] * 10 + [429]
    assert 1 <= int(told[-1].headers["Retry-After"]) <= 60
    assert "At most 10 test events a minute" in told[-1].json["error"]
    assert (page.status_code, "No máximo 10 eventos de teste por minuto" in page.text) == (429, True)


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("operator", 403), ("manager", 403)])
def test_only_administrators_send_tests(
    request: pytest.FixtureRequest, make_pixel: Callable[..., UUID], simulator: Simulator, role: str, status: int
) -> None:
    browser: Browser = request.getfixturevalue(role)
    url = f"/pixels/{make_pixel()}/test"
    assert (browser.get(url).status_code, browser.submit(url, META).status_code) == (status, status)
    assert simulator.received() == []


def test_no_form_without_its_token_no_api_without_its_own_and_no_pixel_of_others(
    admin: Browser,
    viewer_token: dict[str, str],
    admin_token: dict[str, str],
    stranger: Actor,
    make_pixel: Callable[..., UUID],
    simulator: Simulator,
) -> None:
    own, theirs = make_pixel(), make_pixel(by=stranger)
    assert admin.post(f"/pixels/{own}/test", data=META).status_code == 400
    assert admin.post(f"/api/pixels/{own}/test", json={"testEventCode": "T"}).status_code == 401
    assert admin.post(f"/api/pixels/{own}/test", json={"testEventCode": "T"}, headers=viewer_token).status_code == 403
    assert admin.post(f"/api/pixels/{theirs}/test", json={"testEventCode": "T"}, headers=admin_token).status_code == 404
    assert admin.post("/api/pixels/x/test", json={"testEventCode": "T"}, headers=admin_token).status_code == 404
    assert admin.get(f"/pixels/{theirs}/test").status_code == 404
    assert admin.submit(f"/pixels/{theirs}/test", META).status_code == 404
    assert simulator.received() == []


def test_openapi_tells_of_it(client: Any) -> None:
    document = client.get("/api/openapi.json").json
    answers = document["paths"]["/api/pixels/{id}/test"]["post"]["responses"]
    assert {"200", "400", "401", "403", "404", "429"} <= set(answers)
    assert trial.PER_MINUTE.amount == 10


def test_every_custom_name_may_be_tested(admin: Browser, make_pixel: Callable[..., UUID], simulator: Simulator) -> None:
    id = make_pixel(settings={"customEvents": ["Rifa"]})
    admin.submit(f"/pixels/{id}/test", {**META, "event_name": "Rifa"}, headers=HTMX)
    assert simulator.received()[0].body["data"][0]["event_name"] == "Rifa"


def test_a_test_event_is_one_of_the_calls_that_its_pixel_may_get(
    app: Flask, admin: Browser, admin_token: dict[str, str], make_pixel: Callable[..., UUID], simulator: Simulator
) -> None:
    id = make_pixel()
    limits = f"/api/targets/{id}/limits"
    admin.put(limits, json={"perHour": 1}, headers=admin_token)
    assert admin.submit(f"/pixels/{id}/test", META).status_code == 200

    by_page = admin.submit(f"/pixels/{id}/test", META, htmx=True)
    wanted = {"eventName": "EVENT_PURCHASE", "testEventCode": "T1"}
    by_api = admin.post(f"/api/pixels/{id}/test", json=wanted, headers=admin_token)

    assert (by_page.status_code, by_api.status_code, len(simulator.received())) == (429, 429, 1)
    assert "Limite de chamadas por hora: 1; restam 0. Tente de novo em 1 hora." in text_of(by_page.text)
    assert (by_api.get_json()["remaining"], by_api.headers["RateLimit-Policy"]) == (0, '"hour";q=1;w=3600')
