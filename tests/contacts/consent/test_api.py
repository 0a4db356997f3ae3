"""The API of a contact's consents."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from app.contacts.consent import links

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_api_gives_the_link_and_the_log_to_who_may(
    client: FlaskClient, admin_token: dict[str, str], viewer_token: dict[str, str], make_contact: Callable[..., UUID]
) -> None:
    ana = make_contact(name="Ana", email="ana@example.com")
    path = f"/api/contacts/{ana}/consents"
    given = {
        "channel": "email",
        "state": "granted",
        "detail": "Loja, ana@example.com, (11) 98765-4321",
        "textVersion": "3",
        "at": "2026-11-01T10:00:00.000Z",
    }
    made = client.post(path, json=given, headers=admin_token)
    assert made.status_code == 201
    assert {**given, "source": "api"}.items() <= made.get_json().items()
    for wrong in (
        {"at": "2099-01-01T00:00:00Z"},
        {"at": "0001-01-01T00:00:00+14:00"},
        {"state": "maybe"},
        {"basis": "x"},
    ):
        assert client.post(path, json={**given, **wrong}, headers=admin_token).status_code == 400
    assert client.post(path, json={**given, "state": "denied"}, headers=admin_token).status_code == 201
    assert client.post(path, json=given, headers=admin_token).status_code == 409
    assert client.post(path, json=given, headers=viewer_token).status_code == 403
    log = client.get(path, headers=viewer_token).get_json()
    assert [entry["state"] for entry in log["data"]] == ["denied", "granted"]
    assert {entry["detail"] for entry in log["data"]} == {"Loja, [redacted], [redacted]"}
    assert log["pagination"]["total"] == 2
    link = client.get(f"/api/contacts/{ana}/preferences-link", headers=admin_token).get_json()
    assert link["url"].endswith(f"/preferences/{links.token_of(ana)}")
    assert link["listUnsubscribe"] == f"<{link['url']}/unsubscribe>"
    assert client.get(f"/api/contacts/{ana}/preferences-link", headers=viewer_token).status_code == 403
