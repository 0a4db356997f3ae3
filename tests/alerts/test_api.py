"""/api/alerts: rules with their defaults, changes guarded by version, and what was told."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import AuditEntry
from app.core import clock
from app.core.runtime import runtime
from tests.alerts.conftest import Watch
from tests.people import bearer, new_user

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
RULES = "/api/alerts/rules"


def test_a_rule_has_its_defaults_until_it_is_changed_and_a_stale_change_is_refused(app: Flask, client, admin_token):
    listed = client.get(RULES, headers=admin_token).get_json()["data"]
    assert [rule["topic"] for rule in listed] == [
        "dead_letters", "oldest_waiting", "failing_pixel", "credentials", "webhook_disabled", "event_drop",
    ]  # fmt: skip
    first = client.get(f"{RULES}/dead_letters", headers=admin_token).get_json()
    assert first == listed[0]
    assert (first["enabled"], first["threshold"], first["byMail"], first["byWebhook"]) == (True, 1, False, True)
    assert (first["repeatHours"], first["version"], first["userIds"], listed[4]["limits"]) == (24, 0, [], None)

    person = new_user(app, "viewer", email="bia@example.com")
    change = {"threshold": 10, "byMail": True, "userIds": [str(person.id)], "version": 0}
    saved = client.put(f"{RULES}/dead_letters", json=change, headers=admin_token)
    stale = client.put(f"{RULES}/dead_letters", json=change, headers=admin_token)

    assert (saved.status_code, saved.get_json()["version"], saved.get_json()["userIds"]) == (200, 1, change["userIds"])
    assert (stale.status_code, stale.get_json()["current"]["version"]) == (409, 1)
    same = client.put(f"{RULES}/dead_letters", json={**change, "version": 1}, headers=admin_token)
    assert same.get_json()["version"] == 1
    with runtime(app).engine.connect() as connection:
        wanted = select(AuditEntry.subject, AuditEntry.changes).where(AuditEntry.action == "alert_rule.updated")
        ((subject, changes),) = connection.execute(wanted)
    assert subject == "dead_letters"
    assert changes == {"threshold": [1, 10], "by_mail": [False, True], "recipients": [[], ["bia@example.com"]]}


def test_what_is_wrong_is_said_by_field(app: Flask, client, admin_token, other_account):
    left = new_user(app, "admin", disabled_at=clock.now())
    wrong = [
        ("dead_letters", {"threshold": 0}, "threshold"),
        ("dead_letters", {"threshold": 10**12}, "threshold"),
        ("webhook_disabled", {"threshold": 1}, "threshold"),
        ("dead_letters", {"repeatHours": 169}, "repeatHours"),
        ("dead_letters", {"repeatHours": -(10**12)}, "repeatHours"),
        ("dead_letters", {"enabled": "yes"}, "enabled"),
        ("dead_letters", {"userIds": ["a\r\nBcc: x@example.com"]}, "userIds.0"),
        ("dead_letters", {"userIds": [str(other_account.id)]}, "userIds"),
        ("dead_letters", {"userIds": [str(left.id)]}, "userIds"),
        ("dead_letters", {"userIds": [str(left.id)] * 201}, "userIds"),
        ("dead_letters", {"topic": "x"}, "topic"),
    ]
    for topic, body, field in wrong:
        answer = client.put(f"{RULES}/{topic}", json=body, headers=admin_token)
        assert (answer.status_code, list(answer.get_json().get("fields", ()))) == (400, [field]), (body, answer.text)
    for topic in ("nothing", "dead_letters'--", "%00"):
        assert client.get(f"{RULES}/{topic}", headers=admin_token).status_code in (400, 404)
    assert client.get(f"{RULES}/dead_letters", headers=admin_token).get_json()["version"] == 0


def test_what_was_told_is_listed_for_managers_of_this_account_alone(app: Flask, client, watch: Watch, other_account):
    watch.dead(3, 4)
    watch.look()
    watch.dead(3)
    watch.look()
    manager = bearer(app, new_user(app, "manager"))

    found = client.get("/api/alerts?limit=1", headers=manager).get_json()
    over = client.get("/api/alerts?state=resolved", headers=manager).get_json()["data"]

    assert (found["pagination"]["total"], found["data"][0]["subject"], found["data"][0]["resolvedAt"]) == (
        2,
        "t0",
        None,
    )
    assert found["data"][0]["url"].endswith("/deliveries/dead?target=t0")
    assert [one["subject"] for one in over] == ["t1"]
    assert client.get("/api/alerts", headers=bearer(app, other_account)).get_json()["data"] == []
    assert client.get("/api/alerts", headers=bearer(app, new_user(app, "operator"))).status_code == 403
    assert client.put(f"{RULES}/dead_letters", json={"enabled": False}, headers=manager).status_code == 403
