"""/api/mailings: what people's programs create, list and read, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.access import Actor
from tests.jobs import run_jobs
from tests.opens.mailings.conftest import DAY, HOUR, list_ids, listed
from tests.opens.opens_fixtures import asked, record, upload
from tests.people import Person, bearer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MakeMailing = Callable[..., UUID]
Headers = dict[str, str]
NEW = {"name": "Faturas", "startsAt": "2026-11-01T12:00:00Z", "endsAt": "2026-11-08T12:00:00Z"}


def test_a_mailing_lives_its_life(app: Flask, client: FlaskClient, admin_token: Headers) -> None:
    image = str(upload(app))
    made = client.post("/api/mailings", json={**NEW, "sent": 10, "imageId": image}, headers=admin_token)
    assert made.status_code == 201
    assert made.json is not None
    url = f"/api/v1/mailings/{made.json['id']}"
    figures = {"basis": "sent", "opened": 0, "sent": 10, "rate": 0.0}
    assert (made.json["figures"], made.json["listed"], made.json["version"]) == (figures, 0, 1)

    changed = client.put(url, json={"name": "Outra", "sent": 0, "imageId": "", "version": 1}, headers=admin_token)
    assert changed.json is not None
    assert (changed.json["name"], changed.json["sent"], changed.json["imageId"]) == ("Outra", None, None)
    assert changed.json["figures"]["rate"] is None
    stale = client.put(url, json={"name": "X", "version": 1}, headers=admin_token)
    assert stale.status_code == 409
    assert stale.json is not None
    assert stale.json["current"]["name"] == "Outra"
    assert client.delete(f"{url}?version=1", headers=admin_token).status_code == 409
    assert client.delete(f"{url}?version=2", headers=admin_token).status_code == 204
    assert client.get(url, headers=admin_token).status_code == 404


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": " "}, "name"),
    ({"name": "x" * 121}, "name"),
    ({"startsAt": "2026-11-01T12:30:00Z"}, "startsAt"),
    ({"startsAt": "2026-11-01T12:00:00"}, "startsAt"),
    ({"startsAt": "ontem"}, "startsAt"),
    ({"endsAt": "2026-10-08T12:00:00Z"}, "endsAt"),
    ({"endsAt": "9999-12-31T23:00:00Z"}, "endsAt"),
    ({"sent": 0}, "sent"),
    ({"sent": True}, "sent"),
    ({"sent": 2**40}, "sent"),
    ({"imageId": "01a2027c-55fa-7000-bfbc-d3ece5b6e6e2"}, "imageId"),
    ({"imageId": "x"}, "imageId"),
    ({"rate": 1}, "rate"),
]


def test_what_is_wrong_is_named(client: FlaskClient, admin_token: Headers) -> None:
    for wrong, field in WRONG:
        answer = client.post("/api/mailings", json={**NEW, **wrong}, headers=admin_token)
        assert (answer.status_code, field in (answer.json or {})["fields"]) == (400, True), wrong


def test_ids_are_listed_and_read_back(
    app: Flask, client: FlaskClient, admin_token: Headers, make_mailing: MakeMailing, begins: datetime
) -> None:
    record(app, [asked("FAT1", at=begins + HOUR)])
    url = f"/api/mailings/{make_mailing()}"
    body = {"ids": ["FAT1", 7, "{{id}}", " ", "FAT1"], "sentAt": begins.isoformat()}
    answer = client.post(f"{url}/ids", json=body, headers=admin_token)
    said = dict(answer.json or {})
    refused = said.pop("refused")
    assert said == {"added": 2, "duplicates": 1, "opened": 1, "wrong": 2, "listed": 2}
    assert [one["index"] for one in refused] == [2, 3]
    assert refused[1]["error"] == "There is no id in it."

    every = client.get(f"{url}/ids?limit=1", headers=admin_token).json
    assert every is not None
    assert [one["id_fatura"] for one in every["data"]] == ["7"]
    rest = client.get(f"{url}/ids?after={every['pagination']['next']}", headers=admin_token).json
    assert rest is not None
    assert [one["id_fatura"] for one in rest["data"]] == ["FAT1"]
    waiting = client.get(f"{url}/ids?state=waiting", headers=admin_token).json
    assert waiting is not None
    assert [(one["id_fatura"], one["openedAt"]) for one in waiting["data"]] == [("7", None)]
    shown = client.get(url, headers=admin_token).json
    assert shown is not None
    assert shown["figures"] == {"basis": "list", "opened": 1, "sent": 2, "rate": 0.5}
    assert client.delete(f"{url}/ids", headers=admin_token).status_code == 204


ODD_LISTS: list[dict[str, Any]] = [
    {},
    {"ids": []},
    {"ids": ["x"] * 5_001},
    {"ids": [None]},
    {"ids": [1.5]},
    {"ids": ["a\u0000b"]},
    {"ids": [["x"]]},
    {"ids": ["x"], "sentAt": "ontem"},
]


def test_a_list_of_something_else_is_refused(
    client: FlaskClient, admin_token: Headers, make_mailing: MakeMailing
) -> None:
    url = f"/api/mailings/{make_mailing()}/ids"
    for body in ODD_LISTS:
        assert client.post(url, json=body, headers=admin_token).status_code == 400, str(body)[:80]


def test_a_file_is_taken_at_once_or_as_a_job(
    app: Flask, client: FlaskClient, admin_token: Headers, make_mailing: MakeMailing
) -> None:
    mailing = make_mailing()

    def send(content: bytes, **fields: str) -> Any:
        form = {"file": (BytesIO(content), "ids.csv"), **fields}
        return client.post(f"/api/mailings/{mailing}/list", data=form, headers=admin_token)

    assert send(b"FAT1\n{{id}}\n").json["refused"][0]["index"] == 2
    assert send(b"FAT2\n", replace="true").json["listed"] == 1
    assert send(b"\x00").status_code == 400
    assert send(b"x\n", replace="maybe").status_code == 400
    job = send("".join(f"FAT{number}\n" for number in range(1_001)).encode())
    assert job.status_code == 202
    run_jobs(app)
    done = client.get(f"/api/jobs/{job.json['id']}", headers=admin_token).json
    assert done is not None
    assert done["result"]["added"] == 1_000
    assert client.delete(f"/api/mailings/{mailing}", headers=admin_token).status_code == 202


def test_ids_that_nobody_opened_are_listed(
    app: Flask, actor: Actor, client: FlaskClient, viewer_token: Headers, make_mailing: MakeMailing, begins: datetime
) -> None:
    mailing = make_mailing()
    list_ids(app, actor, mailing, "FAT1", "FAT2", sent_at=begins - 5 * DAY)
    list_ids(app, actor, mailing, "FAT3")
    found = client.get("/api/mailings/unopened?days=4", headers=viewer_token).json
    assert found is not None
    assert [one["id_fatura"] for one in found["data"]] == ["FAT2", "FAT1"]
    assert found["data"][0]["mailing"] == "Novembro"
    assert client.get("/api/mailings/unopened?days=999", headers=viewer_token).status_code == 400


def test_lists_are_sorted_and_found(client: FlaskClient, viewer_token: Headers, make_mailing: MakeMailing) -> None:
    for name in ("Beta", "Alfa"):
        make_mailing(name=name)
    found = client.get("/api/mailings?sort=name&q=a", headers=viewer_token).json
    assert found is not None
    assert [one["name"] for one in found["data"]] == ["Alfa", "Beta"]
    assert client.get("/api/mailings?sort=token", headers=viewer_token).status_code == 400


def test_who_may_not_is_refused_and_strangers_find_nothing(
    app: Flask,
    client: FlaskClient,
    viewer_token: Headers,
    other_account: Person,
    make_mailing: MakeMailing,
) -> None:
    mailing = make_mailing()
    url, stranger = f"/api/mailings/{mailing}", bearer(app, other_account)
    calls: list[tuple[str, str, Any]] = [
        ("PUT", url, {"name": "X"}), ("DELETE", url, None), ("POST", f"{url}/ids", {"ids": ["FAT1"]}),
        ("DELETE", f"{url}/ids", None),
    ]  # fmt: skip
    for method, path, body in calls:
        assert client.open(path, method=method, json=body, headers=viewer_token).status_code == 403
        assert client.open(path, method=method, json=body, headers=stranger).status_code == 404
        assert client.open(path, method=method, json=body).status_code == 401
    assert client.get(url, headers=stranger).status_code == 404
    assert listed(app, mailing) == {}
