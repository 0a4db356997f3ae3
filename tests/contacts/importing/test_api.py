"""/api/contacts/import: a file in one call, what is refused, and what became of it."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.jobs import run_jobs
from tests.people import Person, bearer, new_user

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Headers = dict[str, str]
PEOPLE = (
    b"Name,Phone,E-mail,Notes\n"
    b"Ana Souza,(11) 98765-4321,ana@example.com,x\n"
    b"Bruno,+55 21 99876-5432,,=1+1\n"
    b"Nobody,,,y\n"
    b"Cut,5.51199E+12,,\n"
)
URL = "/api/contacts/import"
AGREED: dict[str, Any] = {
    "consentAnswer": "granted",
    "consentChannels": "whatsapp, email",
    "consentDetail": "Fair",
    "consentOn": "2026-11-01",
}


def send(client: FlaskClient, token: Headers, content: bytes = PEOPLE, **fields: Any) -> TestResponse:
    form: dict[str, Any] = {"file": (BytesIO(content), "people.csv"), **fields}
    return client.post(URL, data=form, headers=token, content_type="multipart/form-data")


def test_a_file_is_imported_followed_and_undone(app: Flask, client: FlaskClient, admin_token: Headers) -> None:
    answer = send(client, admin_token, tags="fair 2026", **AGREED)
    assert answer.status_code == 202, answer.text
    assert answer.json is not None
    where = answer.headers["Location"]
    assert where == f"/api/contacts/imports/{answer.json['import']['id']}"
    assert answer.json["job"]["kind"] == "import_contacts"
    assert answer.json["import"]["mapping"] == {"0": "name", "1": "phone", "2": "email"}
    assert client.get(f"{where}/problems", headers=admin_token).status_code == 404
    run_jobs(app)

    done = client.get(where, headers=admin_token).json or {}
    counts = {name: done[name] for name in ("state", "rows", "created", "updated", "skipped", "invalid", "undoable")}
    assert counts == {
        "state": "done",
        "rows": 4,
        "created": 2,
        "updated": 0,
        "skipped": 0,
        "invalid": 2,
        "undoable": True,
    }
    problems = client.get(f"{where}/problems", headers=admin_token)
    assert problems.headers["Content-Type"].startswith("text/csv")
    assert [line.split(",")[0] for line in problems.text.splitlines()[1:]] == ["Nobody", "Cut"]
    found = client.get("/api/contacts", query_string={"import": done["id"]}, headers=admin_token).json or {}
    assert {row["name"] for row in found["data"]} == {"Ana Souza", "Bruno"}

    undone = client.post(f"{where}/undo", headers=admin_token)
    assert (undone.status_code, (undone.json or {})["import"]["state"]) == (202, "undoing")
    run_jobs(app)
    listed = client.get("/api/v1/contacts/imports", headers=admin_token).json or {}
    assert [(row["state"], row["undoable"]) for row in listed["data"]] == [("undone", False)]
    assert client.post(f"{where}/undo", headers=admin_token).status_code == 409
    assert client.post(f"{where}/stop", headers=admin_token).status_code == 409


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"consentAnswer": ""}, "consentAnswer"),
    ({"consentAnswer": "perhaps"}, "consentAnswer"),
    (AGREED | {"consentChannels": "fax"}, "consentChannels"),
    (AGREED | {"consentChannels": ""}, "consentChannels"),
    (AGREED | {"consentDetail": ""}, "consentDetail"),
    (AGREED | {"consentOn": "2099-01-01"}, "consentOn"),
    (AGREED | {"consentOn": "yesterday"}, "consentOn"),
    (AGREED | {"consentTextVersion": "x" * 65}, "consentTextVersion"),
    ({"mapping": "name"}, "mapping"),
    ({"mapping": "[1]"}, "mapping"),
    ({"mapping": "[" * 9000}, "mapping"),
    ({"mapping": '{"Name": 1}'}, "mapping"),
    ({"mapping": '{"Name": "name"}'}, "mapping"),
    ({"mapping": '{"Phone": "phone", "9": "name"}'}, "mapping"),
    ({"mapping": '{"Phone": "phone", "Name": "custom:none"}'}, "mapping"),
    ({"mapping": '{"Phone": "phone", "Name": "phone"}'}, "mapping"),
    ({"mode": "merge"}, "mode"),
    ({"onlyEmpty": "perhaps"}, "onlyEmpty"),
    ({"tags": "x" * 61}, "tags"),
    ({"categoryIds": "x"}, "categoryIds"),
    ({"categoryIds": "01a2027c-55fa-7000-bfbc-d3ece5b6e6e2"}, "categoryIds"),
    ({"rate": "1"}, "rate"),
]


def test_what_is_wrong_is_named_and_nothing_of_the_file_is_kept(client: FlaskClient, admin_token: Headers) -> None:
    for wrong, field in WRONG:
        answer = send(client, admin_token, **{"consentAnswer": "none", **wrong})
        assert (answer.status_code, field in (answer.json or {}).get("fields", {})) == (400, True), (wrong, answer.text)
    for content in (b"", b"\x00\x01", b"PK\x03\x04 no zip"):
        assert "file" in (send(client, admin_token, content, consentAnswer="none").json or {})["fields"], content
    assert (client.get("/api/contacts/imports", headers=admin_token).json or {})["data"] == []


def test_it_takes_the_permission_and_the_own_account(
    app: Flask, client: FlaskClient, admin_token: Headers, viewer_token: Headers, other_account: Person
) -> None:
    operator, stranger = bearer(app, new_user(app, "operator")), bearer(app, other_account)
    where = send(client, admin_token, consentAnswer="none").headers["Location"]
    for token in (viewer_token, operator):
        assert send(client, token, consentAnswer="none").status_code == 403
        assert client.get(where, headers=token).status_code == 403
    for way in ("undo", "stop"):
        assert client.post(f"{where}/{way}", headers=operator).status_code == 403
        assert client.post(f"{where}/{way}", headers=stranger).status_code == 404
    assert client.get(where, headers=stranger).status_code == 404
    assert client.get(f"{where}/problems", headers=stranger).status_code == 404
    assert (client.get("/api/contacts/imports", headers=stranger).json or {})["data"] == []
    stopped = client.post(f"{where}/stop", headers=admin_token)
    assert (stopped.status_code, (stopped.json or {})["job"]["state"]) == (202, "cancelled")
