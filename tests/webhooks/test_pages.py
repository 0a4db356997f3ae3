"""/webhooks: list, form, secret, detail, rotation, test; what people may do there, and what never shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.accounts.models import AuditEntry
from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from app.core.ids import uuid7
from app.outbound import targets
from app.outbound.models import Attempt, Delivery, Target
from app.webhooks import service
from app.webhooks.models import Webhook
from tests.people import HTMX, Browser, new_account

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SCRIPT = "<script>alert(1)</script>"
NEW = {
    "name": "Loja", "url": "https://hooks.example.com/t0ken", "events": ["*"], "schedule": "standard", "active": "y",
    "secret_choice": "generate",
}  # fmt: skip
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")


@pytest.fixture
def make_webhook(app: Flask, admin: Browser) -> Callable[..., UUID]:
    """Creates a webhook, by default in the administrator's account; answers its id."""

    def make(account_id: UUID | None = None, **values: Any) -> UUID:
        given = {
            "name": "Loja", "url": "https://hooks.example.com/t0ken", "events": ["*"], "description": None,
            "headers": {}, "schedule": "standard", "perSecond": None, "active": True, **values,
        }  # fmt: skip
        actor = Actor(account_id or admin.person.account_id, None, "ana@example.com")
        with app.test_request_context(), write():
            return service.create(actor, given)[0].id

    return make


def test_an_empty_list_teaches_the_next_step(admin: Browser, manager: Browser, viewer: Browser) -> None:
    assert 'href="/webhooks/new"' in admin.get("/webhooks").text
    shown = manager.get("/webhooks").text
    assert 'href="/webhooks/new"' not in shown
    assert 'href="/webhooks/events"' in shown
    assert viewer.get("/webhooks").status_code == 403


def test_the_list_filters_and_answers_a_fragment(admin: Browser, make_webhook: Callable[..., UUID]) -> None:
    make_webhook(name="Estoque", events=["deal.*"])
    make_webhook(name="Financeiro", active=False)
    rows = admin.get("/webhooks?active=no", headers=HTMX).text

    assert rows.lstrip().startswith('<div id="webhooks-rows"')
    assert ("Financeiro" in rows, "Estoque" in rows, "Desativado" in rows) == (True, False, True)
    assert "Estoque" in admin.get("/webhooks?q=estoq&sort=-createdAt").text
    for odd in (
        "sort=secret",
        "page=abc",
        "event=%00"[:6],
        "event=nothing.known",
        "active=perhaps",
        "page=99999999999",
    ):
        assert admin.get(f"/webhooks?{odd}").status_code == 200, odd


def test_the_secret_is_shown_once_and_never_again(admin: Browser, make_webhook: Callable[..., UUID]) -> None:
    answer = admin.submit("/webhooks", NEW)
    (secret,) = set(SECRET.findall(answer.text))
    url = re.search(r'href="(/webhooks/[0-9a-f-]{36})"', answer.text)

    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    assert url
    shown = admin.get(url[1]).text
    assert f"•••• {secret[-4:]}" in shown
    assert "t0ken" not in admin.get("/webhooks").text
    for path in ("", "/edit", "/rotate", "/test", "/delete"):
        assert secret not in admin.get(url[1] + path).text, path


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"url": "ftp://x.example"}, "url"),
        ({"url": "http://10.0.0.1/"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["no.such"]}, "events"),
        ({"schedule": "never"}, "schedule"),
        ({"per_second": "-1"}, "per_second"),
        ({"per_second": "9" * 400}, "per_second"),
        ({"secret_choice": "choice", "secret": "short"}, "secret"),
        ({"secret_choice": "choice", "secret": ""}, "secret"),
        ({"headers-0-name": "Bad Name", "headers-0-value": "x"}, "headers"),
        ({"headers-0-name": "Host", "headers-0-value": "x"}, "headers"),
    ],
)
def test_an_invalid_form_comes_back_with_what_was_typed_but_secrets(
    admin: Browser, wrong: dict[str, Any], field: str
) -> None:
    given = {**NEW, "description": "Meu estoque", "headers-3-name": "X-Key", "headers-3-value": "k3y-value", **wrong}
    answer = admin.submit("/webhooks", given, htmx=True)

    assert answer.status_code == 422
    assert answer.text.lstrip().startswith("<form")
    assert f'id="{field}-error"' in answer.text
    assert "Meu estoque" in answer.text
    assert 'value="X-Key"' in answer.text
    assert "k3y-value" not in answer.text


def test_a_further_header_keeps_what_was_typed_and_stores_nothing(admin: Browser) -> None:
    answer = admin.submit("/webhooks", {**NEW, "headers-0-name": "X-Key", "add_header": "1"})
    assert answer.status_code == 200
    assert 'name="headers-1-name"' in answer.text
    assert 'value="X-Key"' in answer.text
    assert "Loja" not in admin.get("/webhooks", headers=HTMX).text


def test_what_people_and_receivers_wrote_is_shown_as_text(
    app: Flask, admin: Browser, make_webhook: Callable[..., UUID]
) -> None:
    id = make_webhook(name=SCRIPT, url="https://x.example/?q=%3Cscript%3E", description=SCRIPT)
    with app.app_context(), write() as session:
        session.execute(update(Target).where(Target.id == id).values(last_error=SCRIPT, failing_since=None))
        targets.pause(session.connection(), id, SCRIPT, "failing")
    for path in ("/webhooks", f"/webhooks/{id}", f"/webhooks/{id}/edit", f"/webhooks/{id}/delete"):
        shown = admin.get(path).text
        assert "&lt;script&gt;alert(1)" in shown, path
        assert "<script>alert(1)" not in shown, path


def test_an_edit_keeps_headers_that_are_not_typed_again(admin: Browser, make_webhook: Callable[..., UUID]) -> None:
    url = f"/webhooks/{make_webhook(headers={'X-Key': 'k3y-value-of-ours', 'X-Old': 'gone-soon'})}"
    form = admin.get(f"{url}/edit").text
    assert "k3y-value" not in form
    assert "…ours" in form

    given = {**NEW, "events": ["deal.*", "deal.won"], "headers-0-name": "X-Key", "headers-0-value": "", "version": "1"}
    assert admin.submit(f"{url}/edit", given).status_code == 303
    shown = admin.get(url).text
    assert "…ours" in shown
    assert "X-Old" not in shown
    assert ("<code>deal.*</code>" in shown, "<code>deal.won</code>" in shown) == (True, False)
    stale = admin.submit(f"{url}/edit", {**given, "description": "nova", "version": "1"})
    assert (stale.status_code, "nova" in stale.text) == (422, True)


def add_attempt(app: Flask, admin: Browser, webhook: UUID, outcome: str, detail: str) -> UUID:
    """One delivery that ended with it; answers its id."""
    account_id, now = admin.person.account_id, clock.now()
    with app.app_context(), write() as session:
        of = {"account_id": account_id, "target_id": webhook}
        ended = {"status": "done" if outcome == "sent" else "dead", "done_at": now, "attempts": 1}
        told = Delivery(kind="webhook", ref_id=uuid7(), ref_at=now, next_at=now, created_at=now, **of, **ended)
        session.add(told)
        session.flush()
        made = {"id": uuid7(), "delivery_id": told.id, "n": 1, "started_at": now, "created_at": now, "duration_ms": 84}
        session.add(Attempt(outcome=outcome, detail=detail, response=SCRIPT, **made, **of))
        return told.id


def test_attempts_are_filtered_escaped_and_sent_again(
    app: Flask, admin: Browser, manager: Browser, make_webhook: Callable[..., UUID]
) -> None:
    id = make_webhook()
    arrived = add_attempt(app, admin, id, "sent", "")
    add_attempt(app, admin, id, "retry", SCRIPT)
    whole = admin.get(f"/webhooks/{id}").text
    failed = admin.get(f"/webhooks/{id}?success=no", headers=HTMX).text

    assert "<script>alert(1)" not in whole + failed
    assert "&lt;script&gt;alert(1)" in failed
    assert (str(arrived) in whole, str(arrived) in failed) == (True, False)
    assert failed.lstrip().startswith('<div id="webhooks-attempts"')
    assert admin.get(f"/webhooks/{id}?after=no-cursor").status_code == 200
    assert manager.submit(f"/webhooks/{id}/deliveries/{arrived}/resend").location == f"/webhooks/{id}"
    assert admin.submit(f"/webhooks/{make_webhook()}/deliveries/{arrived}/resend").status_code == 404
    with app.app_context():
        assert db.session.get_one(Delivery, (admin.person.account_id, arrived)).status == "pending"


@pytest.mark.parametrize(("code", "title"), [("off", "Alguém desativou"), ("gone", "410"), ("failing", "cinco dias")])
def test_a_disabled_webhook_says_why(
    app: Flask, admin: Browser, make_webhook: Callable[..., UUID], code: str, title: str
) -> None:
    id = make_webhook()
    with app.app_context(), write() as session:
        targets.pause(session.connection(), id, "why", code)
    assert title in admin.get(f"/webhooks/{id}").text
    admin.submit(f"/webhooks/{id}/enable")
    assert title not in admin.get(f"/webhooks/{id}").text
    admin.submit(f"/webhooks/{id}/disable")
    assert "Alguém desativou" in admin.get(f"/webhooks/{id}").text


def test_rotation_shows_the_new_secret_once_and_a_switch_ends_the_overlap(
    admin: Browser, make_webhook: Callable[..., UUID]
) -> None:
    url = f"/webhooks/{make_webhook()}"
    answer = admin.submit(f"{url}/rotate", {"overlap_hours": "24", "secret_choice": "generate"})
    (secret,) = set(SECRET.findall(answer.text))
    both = admin.get(url).text

    assert answer.headers["Cache-Control"] == "no-store"
    assert (secret in both, "Sendo substituído" in both) == (False, True)
    assert admin.submit(f"{url}/end-overlap").location == url
    assert "Sendo substituído" not in admin.get(url).text
    assert "Sendo substituído" not in admin.submit(f"{url}/rotate", {"overlap_hours": "0"}).text
    assert admin.submit(f"{url}/rotate", {"overlap_hours": "169"}).status_code == 422


def test_a_webhook_is_deleted_by_its_name_only(admin: Browser, make_webhook: Callable[..., UUID]) -> None:
    url = f"/webhooks/{make_webhook()}"
    assert admin.submit(f"{url}/delete", {"confirm_name": "loja errada"}).status_code == 422
    assert admin.submit(f"{url}/delete", {"confirm_name": "Loja"}).location == "/webhooks"
    assert admin.get(url).status_code == 404


GETS = ("", "/edit", "/delete", "/rotate", "/test", "/standing")
POSTS = ("/edit", "/delete", "/rotate", "/end-overlap", "/enable", "/disable", "/test")


def test_nobody_reaches_the_webhook_of_another_account(
    app: Flask, admin: Browser, make_webhook: Callable[..., UUID]
) -> None:
    foreign = make_webhook(account_id=new_account(app))
    for id in (foreign, uuid7(), "x", "0"):
        assert {admin.get(f"/webhooks/{id}{path}").status_code for path in GETS} == {404}
        assert {admin.submit(f"/webhooks/{id}{path}").status_code for path in POSTS} == {404}
        assert admin.submit(f"/webhooks/{id}/deliveries/{uuid7()}/resend").status_code == 404


def test_a_manager_sees_but_does_not_change(
    manager: Browser, operator: Browser, make_webhook: Callable[..., UUID]
) -> None:
    url = f"/webhooks/{make_webhook()}"
    shown = manager.get(url).text

    assert "Verificar a assinatura" in shown
    assert not re.search(rf'(href|action)="{url}/(edit|rotate|delete|end-overlap|test|enable|disable)"', shown)
    assert {manager.get(url + path).status_code for path in GETS[1:-1]} == {403}
    assert {manager.submit(url + path).status_code for path in POSTS} == {403}
    assert {operator.get(path).status_code for path in ("/webhooks", url, "/webhooks/new")} == {403}


def test_every_change_needs_the_token_of_a_page_of_ours(admin: Browser, make_webhook: Callable[..., UUID]) -> None:
    url = f"/webhooks/{make_webhook()}"
    answers = {admin.post(path).status_code for path in ("/webhooks", *(url + path for path in POSTS))}
    assert answers == {400}


def test_a_test_is_told_in_words_and_recorded(app: Flask, admin: Browser, make_webhook: Callable[..., UUID]) -> None:
    url = f"/webhooks/{(id := make_webhook())}"
    with app.app_context(), write() as session:  # may not be called: nothing is sent
        session.execute(update(Webhook).where(Webhook.id == id).values(url="https://127.0.0.1/hook"))
    answer = admin.submit(f"{url}/test", htmx=True)
    whole = admin.submit(f"{url}/test").text

    assert answer.text.lstrip().startswith('<div id="webhooks-test"')
    assert 'class="alert alert-danger"' in answer.text
    assert "rede privada" in answer.text
    assert "<h1" in whole
    with app.app_context():
        actions = db.session.scalars(select(AuditEntry.action)).all()
    assert actions.count("webhook.tested") == 2


def test_the_page_of_its_deliveries_knows_its_own_schedule(admin: Browser, make_webhook: Callable[..., UUID]) -> None:
    fast, standard = make_webhook(schedule="fast"), make_webhook()
    waits = "depois de 1 segundo, 5 segundos e 15 segundos; no máximo 4 tentativas"
    assert waits in admin.get(f"/deliveries/targets/{fast}").text
    assert "1 dia; no máximo 11 tentativas" in admin.get(f"/deliveries/targets/{standard}").text
