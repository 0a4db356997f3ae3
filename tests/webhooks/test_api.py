"""/api/custom-webhooks: what it answers, whom it refuses, and that no answer but two holds a secret."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update

from app.accounts.models import AuditEntry, UserSession
from app.core import clock, events
from app.core.access import Actor
from app.core.db import begin_write, write
from app.core.ids import created_at, uuid7
from app.core.runtime import runtime
from app.outbound.models import Attempt, Delivery, Status
from app.outbound.tally import OPEN, Shift, Stand, shift
from app.webhooks import secrets, service
from app.webhooks.models import Webhook, WebhookSecret
from tests.people import Person, bearer, new_account
from tests.webhooks.conftest import NEW, SECRET

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

URL = "/api/custom-webhooks"
TOKEN = "Bearer a-token-nobody-may-see-1x9z"
Headers = dict[str, str]
Subscribe = Callable[..., tuple[UUID, str]]


def test_a_webhook_is_created_read_changed_and_deleted(app: Flask, client: FlaskClient, admin_token: Headers) -> None:
    body = {**NEW, "headers": {"Authorization": TOKEN}, "perSecond": 5, "secret": SECRET, "schedule": "fast"}
    created = client.post(URL, json=body, headers=admin_token)
    assert created.status_code == 201, created.text
    one = f"{URL}/{created.json['id']}"
    shown = client.get(one, headers=admin_token)
    change = {"events": ["deal.moved", "deal.*"], "headers": shown.json["headers"], "perSecond": 0, "version": 1}
    changed = client.put(one, json=change, headers=admin_token)
    with runtime(app).engine.connect() as connection:
        receiver = secrets.receivers(connection, runtime(app), [UUID(created.json["id"])], clock.now())
    deleted = client.delete(f"{one}?version=2", headers=admin_token)

    assert created.json == {**shown.json, "secret": SECRET}
    assert (shown.json["perSecond"], shown.json["active"], shown.json["disabledReason"]) == (5, True, None)
    assert shown.json["headers"] == {"Authorization": "…1x9z"}
    assert [line["last4"] for line in shown.json["secrets"]] == [SECRET[-4:]]
    assert (changed.status_code, changed.json["version"], changed.json["perSecond"]) == (200, 2, None)
    assert changed.json["events"] == ["deal.*"]
    assert next(iter(receiver.values())).headers == {"Authorization": TOKEN}
    assert deleted.status_code == 204
    assert client.get(one, headers=admin_token).status_code == 404


def test_whoever_proved_long_ago_who_they_are_sets_no_address_and_sees_no_secret(
    app: Flask, client: FlaskClient, admin_token: Headers
) -> None:
    one = f"{URL}/{client.post(URL, json=NEW, headers=admin_token).json['id']}"
    with app.app_context(), write() as session:
        session.execute(update(UserSession).values(confirmed_at=clock.now() - timedelta(minutes=31)))
    late = [
        client.post(URL, json=NEW, headers=admin_token),
        client.put(one, json={"url": "https://thief.example.com/"}, headers=admin_token),
        client.post(f"{one}/regenerate-secret", json={}, headers=admin_token),
    ]
    assert [(each.status_code, each.json["confirmRequired"]) for each in late] == [(403, True)] * 3
    assert client.get(one, headers=admin_token).json["url"] == NEW["url"]


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"name": " "}, "name"),
    ({"name": "x" * 81}, "name"),
    ({"name": "a\r\nb"}, "name"),
    ({"url": ""}, "url"),
    ({"url": "http://hooks.example.com/"}, "url"),
    ({"events": []}, "events"),
    ({"events": ["contact.created", "no.such"]}, "events"),
    ({"events": ["contact.restored"]}, "events"),
    ({"events": "*"}, "events"),
    ({"description": "x" * 501}, "description"),
    ({"schedule": "never"}, "schedule"),
    ({"perSecond": -1}, "perSecond"),
    ({"perSecond": 1001}, "perSecond"),
    ({"perSecond": True}, "perSecond"),
    ({"secret": "short"}, "secret"),
    ({"secret": "whsec_AAAA"}, "secret"),
    ({"headers": {"X-A": "a\r\nX-B: b"}}, "headers.X-A"),
    ({"headers": {"X-A": "ação 😀"}}, "headers.X-A"),
    ({"headers": {"X-A": ""}}, "headers.X-A"),
    ({"headers": {"X-A": "…abcd"}}, "headers.X-A"),
    ({"headers": {"X A": "1"}}, "headers.X?A"),
    ({"headers": {"HOST": "evil"}}, "headers.HOST"),
    ({"headers": {"Content-Length": "1"}}, "headers.Content-Length"),
    ({"headers": {"X-Webhook-Signature": "1"}}, "headers.X-Webhook-Signature"),
    ({"headers": {"webhook-id": "1"}}, "headers.webhook-id"),
    ({"headers": {"X-Internal-Token": "1"}}, "headers.X-Internal-Token"),
    ({"headers": {"X-A": "1", "x-a": "2"}}, "headers.x-a"),
    ({"headers": {f"X-{n}": "1" for n in range(21)}}, "headers"),
    ({"accountId": "x"}, "accountId"),
    ({"createdBy": "x"}, "createdBy"),
    ({"failingSince": None, "version": 7}, "version"),
)


def test_a_wrong_body_is_a_400_that_names_the_field(app: Flask, client: FlaskClient, admin_token: Headers) -> None:
    for change, field in WRONG:
        answer = client.post(URL, json={**NEW, **change}, headers=admin_token)
        assert answer.status_code == 400, (change, answer.text)
        assert field in answer.json["fields"], (change, answer.text)
    with runtime(app).engine.connect() as connection:
        assert connection.execute(select(Webhook.id)).all() == []


def test_the_list_is_filtered_sorted_and_paged(
    app: Flask, client: FlaskClient, admin_token: Headers, subscribe: Subscribe
) -> None:
    subscribe(name="Ávila", events=["deal.*"])
    subscribe(name="bia", active=False)
    subscribe(Actor(new_account(app), None, "bob@example.com"), name="not mine")

    def names(query: str) -> list[str]:
        return [one["name"] for one in client.get(f"{URL}?{query}", headers=admin_token).json["data"]]

    assert names("sort=name") == ["Ávila", "bia"]
    assert names("q=avila") == names("event=deal.moved&active=true") == ["Ávila"]
    assert names("event=contact.created") == names("active=false") == names("limit=1&page=1") == ["bia"]
    for odd in ("sort=secret", "active=maybe", "limit=201", "colour=red"):
        assert client.get(f"{URL}?{odd}", headers=admin_token).status_code == 400


def test_a_stale_version_is_a_409_with_the_current_webhook(
    client: FlaskClient, admin_token: Headers, subscribe: Subscribe
) -> None:
    one = f"{URL}/{subscribe()[0]}"
    client.put(one, json={"name": "first"}, headers=admin_token)
    stale = client.put(one, json={"name": "second", "version": 1}, headers=admin_token)
    assert (stale.status_code, stale.json["current"]["name"]) == (409, "first")
    assert client.delete(f"{one}?version=1", headers=admin_token).status_code == 409


def test_secrets_are_replaced_and_shown_only_then(
    app: Flask, client: FlaskClient, admin_token: Headers, subscribe: Subscribe
) -> None:
    id, first = subscribe(headers={"Authorization": TOKEN})
    url = f"{URL}/{id}/regenerate-secret"
    answer = client.post(url, json={}, headers=admin_token)
    second = answer.json["secret"]
    own = client.post(url, json={"overlap": 1, "secret": SECRET}, headers=admin_token)
    lines = own.json["secrets"]
    assert [line["last4"] for line in lines] == [SECRET[-4:], second[-4:], first[-4:]]
    assert lines[0]["expiresAt"] is None
    assert lines[1]["expiresAt"] == lines[2]["expiresAt"]  # no later than it would have been
    for _ in range(2):
        client.post(url, json={"overlap": 1}, headers=admin_token)
    assert client.post(url, json={"overlap": 1}, headers=admin_token).status_code == 409
    ended = client.post(url, json={"overlap": "end"}, headers=admin_token)
    assert (ended.json["secret"], len(ended.json["secrets"])) == (None, 1)
    for odd in ({"overlap": 169}, {"overlap": -1}, {"overlap": "soon"}, {"overlap": "end", "secret": SECRET},
                {"secret": "short"}, {"overlap": True}):  # fmt: skip
        assert client.post(url, json=odd, headers=admin_token).status_code == 400, odd
    seen = "".join(
        client.get(path, headers=admin_token).text
        for path in (URL, f"{URL}/{id}", f"{URL}/{id}/logs", "/api/audit", "/api/openapi.json")
    )
    with runtime(app).engine.connect() as connection:
        for table in (Webhook, WebhookSecret, AuditEntry):
            seen += str(connection.execute(select(table.__table__)).all())
    assert not any(secret in seen for secret in (first, second, SECRET, TOKEN))


def test_it_is_disabled_and_enabled_with_a_reason(
    client: FlaskClient, admin_token: Headers, subscribe: Subscribe
) -> None:
    one = f"{URL}/{subscribe()[0]}"
    off = client.post(f"{one}/disable", headers=admin_token).json
    again = client.post(f"{one}/disable", headers=admin_token)
    on = client.post(f"{one}/enable", headers=admin_token).json
    by_put = client.put(one, json={"active": False}, headers=admin_token).json
    assert (off["active"], off["disabledReason"], off["disabledDetail"]) == (False, "user", "Disabled by a person")
    assert again.status_code == 200
    assert (on["active"], on["disabledReason"], by_put["active"]) == (True, None, False)


def give_up(app: Flask, account_id: UUID) -> list[UUID]:
    """Makes what is owed dead or done in turn, with an attempt each."""
    now = clock.now()
    with begin_write(runtime(app).engine) as connection:
        rows = connection.execute(select(Delivery.__table__).order_by(Delivery.id)).all()
        for number, row in enumerate(rows):
            status = Status.DEAD if number % 2 == 0 else Status.DONE
            id = uuid7()
            connection.execute(update(Delivery).where(Delivery.id == row.id).values(status=status, done_at=now))
            shift(connection, [Shift(account_id, row.target_id, row.ref_at, OPEN, Stand(status, None, now))])
            made = {"account_id": account_id, "created_at": created_at(id), "id": id, "delivery_id": row.id, "n": 1}
            connection.execute(
                insert(Attempt).values(
                    **made, started_at=now, duration_ms=12, http_status=200 if number % 2 else 500,
                    target_id=row.target_id,
                    outcome="sent" if number % 2 else "retry", detail=None if number % 2 else "HTTP 500", response="no",
                )
            )  # fmt: skip
    return [row.id for row in rows]


def test_calls_are_logged_and_sent_again(
    app: Flask, client: FlaskClient, admin_token: Headers, subscribe: Subscribe, owner: Actor
) -> None:
    id, _ = subscribe()
    with begin_write(runtime(app).engine) as connection:
        events.emit_all(connection, "contact.created", owner.account_id, [{"version": n} for n in range(4)])
    dead, done, *_ = give_up(app, owner.account_id)
    one = f"{URL}/{id}"
    logs = client.get(f"{one}/logs?limit=3", headers=admin_token).json
    rest = client.get(f"{one}/logs?after={logs['pagination']['next']}", headers=admin_token).json["data"]
    failed = client.get(f"{one}/logs?success=false", headers=admin_token).json["data"]

    assert (len(logs["data"]), logs["pagination"]["total"], [row["deliveryId"] for row in rest]) == (3, 4, [str(dead)])
    assert [row["success"] for row in failed] == [False, False]
    assert (failed[0]["error"], failed[0]["httpStatus"], failed[0]["event"]) == ("HTTP 500", 500, "contact.created")
    assert failed[0]["messageId"].startswith("msg_")

    since = {"since": (clock.now() - timedelta(hours=1)).isoformat()}
    assert client.post(f"{one}/resend-failed", json=since, headers=admin_token).json == {"count": 2}
    moved = client.post(f"{one}/resend-failed", json={**since, "confirmCount": 3}, headers=admin_token)
    assert (moved.status_code, moved.json["count"]) == (409, 2)
    job = client.post(f"{one}/resend-failed", json={**since, "confirmCount": 2}, headers=admin_token)
    assert (job.status_code, job.headers["Location"]) == (202, f"/api/jobs/{job.json['id']}")
    for which in (dead, done):
        url = f"{one}/deliveries/{which}/resend"
        codes = [client.post(url, headers=admin_token).status_code for _ in range(2)]
        assert codes == [202, 409]
    assert client.post(f"{one}/resend-failed", json={"since": "soon"}, headers=admin_token).status_code == 400
    assert client.post(f"{URL}/{subscribe()[0]}/deliveries/{dead}/resend", headers=admin_token).status_code == 404


CALLS = (
    ("GET", "", 200), ("GET", "/logs", 200), ("GET", "/stats", 200), ("PUT", "", 403), ("POST", "/test", 403),
    ("POST", "/regenerate-secret", 403), ("POST", "/enable", 403), ("POST", "/disable", 403), ("DELETE", "", 403),
)  # fmt: skip


def test_managers_read_others_do_nothing_and_strangers_find_nothing(
    app: Flask, client: FlaskClient, subscribe: Subscribe, other_account: Person, make_user: Callable[..., Person]
) -> None:
    one = f"{URL}/{subscribe()[0]}"
    manager, viewer, stranger = (
        bearer(app, make_user("manager")),
        bearer(app, make_user("viewer")),
        bearer(app, other_account),
    )
    for method, path, expected in CALLS:
        body = {"json": {}} if method in ("PUT", "POST") else {}

        def ask(headers: Headers, method: str = method, path: str = path, body: dict[str, Any] = body) -> int:
            return client.open(one + path, method=method, headers=headers, **body).status_code

        assert (ask(manager), ask(viewer), ask(stranger), ask({})) == (expected, 403, 404, 401), path


def test_a_hundred_are_enough(client: FlaskClient, admin_token: Headers, subscribe: Subscribe) -> None:
    for _ in range(service.MAX_WEBHOOKS):
        subscribe()
    refused = client.post(URL, json=NEW, headers=admin_token)
    assert (refused.status_code, refused.json["error"]) == (409, "An account has at most 100 webhooks.")
