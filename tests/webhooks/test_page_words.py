"""Pages of what webhooks and the hub were told speak of a receiver, and translate what we say of a call ourselves."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import update

from app.core import clock
from app.core.db import db, write
from app.core.guard import LEADS_INSIDE
from app.core.ids import uuid7
from app.outbound.attempts import TOO_LATE
from app.outbound.models import Attempt, Breaker, Delivery, Target
from app.webhooks.hub.adapter import NO_TOKEN
from app.webhooks.models import Webhook
from tests.people import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Subscribe = Callable[..., tuple[UUID, str]]


def told(app: Flask, browser: Browser, target: UUID, outcome: str, detail: str, **values: Any) -> UUID:
    """A delivery with one attempt that ended so; answers its id."""
    account_id, now, status = browser.person.account_id, clock.now(), values.pop("http_status", None)
    with app.app_context(), write() as session:
        of = {"account_id": account_id, "target_id": target}
        given = {"kind": "webhook", "status": "dead", "error": "connection", "done_at": now, "attempts": 1, **values}
        owed = {"ref_id": uuid7(), "ref_at": now, "next_at": now, "created_at": now, "detail": detail}
        delivery = Delivery(outcome=outcome, http_status=status, **of, **owed, **given)
        session.add(delivery)
        session.flush()
        made = {"id": uuid7(), "delivery_id": delivery.id, "n": 1, "started_at": now, "created_at": now}
        session.add(Attempt(outcome=outcome, detail=detail, http_status=status, duration_ms=84, **made, **of))
        return delivery.id


def seen(browser: Browser, path: str) -> str:
    """What a page says, without its marks."""
    answer = browser.get(path)
    assert answer.status_code == 200
    main = answer.text.partition("<main")[2]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())


@pytest.mark.parametrize(
    ("outcome", "detail", "values", "title", "said"),
    [
        ("retry", "Timeout", {"error": "timeout"}, "Falhou, será tentado de novo", "Tempo esgotado"),
        ("retry", "Connection failed", {}, "Falhou, será tentado de novo", "A conexão falhou"),
        ("retry", "Certificate expired", {}, "Falhou, será tentado de novo", "O certificado venceu"),
        ("rejected", LEADS_INSIDE, {"error": "refused"}, "Falhou, sem nova tentativa", "leva a uma rede privada"),
        (
            "retry",
            "Redirect not followed: other.example",
            {"error": "server", "http_status": 301},
            "Falhou, será tentado de novo",
            "Redirecionamento não seguido: other.example",
        ),
        (
            "retry",
            f"HTTP 503 {TOO_LATE}",
            {"error": "server", "http_status": 503},
            "Falhou, será tentado de novo HTTP 503 · 84 ms · (chegou tarde demais",
            "(chegou tarde demais: outra tentativa já tinha começado)",
        ),
        ("gone", "HTTP 410", {"error": "gone", "http_status": 410}, "O receptor não existe mais", "HTTP 410"),
        ("throttled", "HTTP 429", {"error": "throttled", "http_status": 429}, "O receptor pediu para", "HTTP 429"),
    ],
)
def test_a_failed_delivery_says_what_the_receiver_did(
    app: Flask, admin: Browser, subscribe: Subscribe, outcome: str, detail: str, values: Any, title: str, said: str
) -> None:
    webhook, _secret = subscribe()
    id = told(app, admin, webhook, outcome, detail, **values)
    page, rows, own = seen(admin, f"/deliveries/{id}"), seen(admin, "/deliveries"), seen(admin, f"/webhooks/{webhook}")

    assert f"Tentativa 1: {title}" in page
    assert [said in text for text in (page, rows, own)] == [True, True, True]
    assert ("plataforma" in page, detail in page + own) == (False, detail in ("HTTP 410", "HTTP 429"))


def test_one_that_arrived_was_taken_by_the_receiver(app: Flask, admin: Browser, subscribe: Subscribe) -> None:
    id = told(app, admin, subscribe()[0], "sent", "", status="done", error=None, http_status=200)
    assert "Tentativa 1: Aceito pelo receptor" in seen(admin, f"/deliveries/{id}")


def test_lists_of_one_kind_speak_of_it_and_lists_of_all_of_nobody(
    app: Flask, admin: Browser, subscribe: Subscribe
) -> None:
    webhook, _secret = subscribe()
    told(app, admin, webhook, "rejected", LEADS_INSIDE, error="refused")
    by_query = {
        query: re.findall(r'<option value="refused"[^>]*>([^<]*)', admin.get(f"/deliveries?{query}").text)
        for query in ("", "kind=webhook", "kind=conversion", f"target={webhook}")
    }
    assert by_query == {
        "": ["Recusado"],
        "kind=webhook": ["Chamada não permitida"],
        "kind=conversion": ["Recusado pela plataforma"],
        f"target={webhook}": ["Chamada não permitida"],
    }
    assert "Chamada não permitida" in seen(admin, f"/deliveries/replay?state=dead&error=refused&target={webhook}")


def test_the_hub_is_a_receiver_too(app: Flask, admin: Browser, subscribe: Subscribe) -> None:
    hub, now = uuid7(), clock.now()
    with app.app_context(), write() as session:
        of = {"id": hub, "account_id": admin.person.account_id, "kind": "hub", "label": "Hub", "updated_at": now}
        session.add(Target(state="paused", reason="HTTP 401", reason_code="auth", **of))
    refused = told(app, admin, hub, "auth", "HTTP 401", kind="hub", error="credentials", http_status=401)
    unset = told(app, admin, hub, "rejected", NO_TOKEN, kind="hub", error="unbuilt")

    assert "Tentativa 1: O receptor recusou as credenciais" in seen(admin, f"/deliveries/{refused}")
    page = seen(admin, f"/deliveries/{unset}")
    assert "Tentativa 1: Falhou, sem nova tentativa" in page
    assert ("INTERNAL_API_TOKEN não está definido" in page, "pelo receptor" in page) == (True, False)
    target = seen(admin, f"/deliveries/targets/{hub}")
    assert ("O receptor recusou as credenciais" in target, "plataforma" in target) == (True, False)


def test_a_webhook_out_of_reach_says_why(app: Flask, admin: Browser, subscribe: Subscribe) -> None:
    webhook, _secret = subscribe()
    with app.app_context(), write() as session:
        broken = {"breaker": Breaker.OPEN, "failures": 5, "last_error": "Name not found", "last_error_at": clock.now()}
        session.execute(update(Target).where(Target.id == webhook).values(**broken))
    for path in (f"/webhooks/{webhook}", f"/deliveries/targets/{webhook}"):
        page = seen(admin, path)
        assert "O nome do host é desconhecido" in page, path
        assert ("Name not found" in page, "plataforma" in page) == (False, False), path
    assert "Todas as chamadas ao receptor falham" in seen(admin, f"/webhooks/{webhook}")
    assert "Todas falham" in seen(admin, "/webhooks")


def test_a_failed_test_says_why(app: Flask, admin: Browser, subscribe: Subscribe) -> None:
    webhook, _secret = subscribe()
    with app.app_context():
        db.session.execute(update(Webhook).where(Webhook.id == webhook).values(url="https://127.0.0.1/hook"))
        db.session.commit()
    answer = admin.submit(f"/webhooks/{webhook}/test", htmx=True)
    assert "O endereço não pode ser chamado" in answer.text
