"""Requests over the API, their due date, and what needs a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale

from app.attention.checks import Look
from app.attention.words import in_words
from app.contacts.privacy import watch
from app.contacts.privacy.models import PrivacyRequest, RequestState
from app.contacts.privacy.needles import Needles
from app.contacts.privacy.words import due_of
from app.core import clock
from app.core.privacy import Subject
from app.core.runtime import runtime
from tests.jobs import run_jobs
from tests.people import bearer, new_account, new_user

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PATH = "/api/privacy-requests"
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"kind": "access"}, "phoneNumber"),
    ({"kind": "access", "phoneNumber": "12"}, "phoneNumber"),
    ({"kind": "access", "email": "ana@"}, "email"),
    ({"kind": "portability", "email": "ana@example.com"}, "kind"),
    ({"kind": "access", "email": "ana@example.com", "ids": [""]}, "ids"),
]


def test_a_request_goes_its_way_over_the_api(app: Flask) -> None:
    web, admin = app.test_client(), new_user(app, "admin")
    headers = bearer(app, admin)
    for body, field in WRONG:
        refused = web.post(PATH, json=body, headers=headers)
        assert (refused.status_code, field in str(refused.get_json()["fields"])) == (400, True), body
    contact = web.post("/api/contacts", json={"name": "Ana", "phoneNumber": "11987651234"}, headers=headers).get_json()
    asked = {"kind": "deletion", "phoneNumber": "+55 11 8765-1234", "note": "por carta, ana@example.com"}
    made = web.post(PATH, json=asked, headers=headers)
    assert made.status_code == 201
    own = f"{PATH}/{made.get_json()['id']}"
    shown = web.get(own, headers=headers).get_json()
    assert (shown["subject"], shown["contactIds"], "ana@" in shown["note"]) == ("•••1234", [contact["id"]], False)
    assert {"feature": "contacts", "table": "contact", "count": 1, "sure": True} in shown["held"]
    assert web.post(f"{own}/export?format=csv", headers=headers).headers["Cache-Control"] == "private, no-store"
    strangers = [bearer(app, new_user(app, "admin", new_account(app))), bearer(app, new_user(app, "manager"))]
    assert [web.get(own, headers=who).status_code for who in strangers] == [404, 403]

    first, second = (web.post(f"{own}/delete", headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 409)
    file = {"file": (BytesIO(b"nome;telefone\nBia;11987650000\n"), "a.csv"), "consentAnswer": "none"}
    assert web.post("/api/contacts/import", data=file, headers=headers).status_code == 409  # it could bring Ana in
    run_jobs(app)
    assert web.get(first.headers["Location"], headers=headers).get_json()["result"]["counts"]["contact"] == 1
    assert web.get(f"/api/contacts/{contact['id']}", headers=headers).status_code == 404
    again = {"name": "Ana", "phoneNumber": "+551187651234"}
    assert web.post("/api/contacts", json=again, headers=headers).status_code == 400
    assert [web.post(f"{own}/{verb}", headers=headers).status_code for verb in ("answer", "export")] == [409, 409]


@SQLITE
def test_a_declined_request_needs_a_reason_and_forgets_whom_it_was_about(app: Flask) -> None:
    web, headers = app.test_client(), bearer(app, new_user(app, "admin"))
    made = web.post(PATH, json={"kind": "access", "email": "ana@example.com"}, headers=headers).get_json()
    path = f"{PATH}/{made['id']}/decline"
    assert web.post(path, json={"note": " "}, headers=headers).status_code == 400
    assert web.post(path, json={"note": "Não se identificou"}, headers=headers).get_json()["state"] == "declined"
    with runtime(app).engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT sealed_subject FROM privacy_request").scalars().all() == [None]


@SQLITE
def test_an_overdue_request_needs_a_person(app: Flask, travel: Callable[[timedelta], None]) -> None:
    web, headers = app.test_client(), bearer(app, new_user(app, "admin"))
    web.post(PATH, json={"kind": "access", "email": "ana@example.com"}, headers=headers)
    seen = []
    for days in (0, 13, 3):
        travel(timedelta(days=days))
        with runtime(app).engine.connect() as connection:
            seen.append([found.kind for found in watch.check(Look(connection, clock.now(), runtime(app)))])
    assert seen == [[], ["privacy_due_soon"], ["privacy_overdue"]]
    with app.test_request_context():
        assert in_words("privacy_overdue", "privacy", {"number": 2}).title.startswith("2 ")


DUE = [
    (timedelta(days=15), "15 days left", "success"),
    (timedelta(days=2, hours=1), "3 days left", "warning"),
    (timedelta(hours=2), "1 day left", "danger"),
    (timedelta(hours=-2), "1 day late", "danger"),
]


@SQLITE
def test_the_due_date_is_a_coloured_word(app: Flask) -> None:
    now = clock.now()
    with app.test_request_context(), force_locale("en"):
        for left, word, tone in DUE:
            assert due_of(PrivacyRequest(state=RequestState.OPEN, due_at=now + left), now) == (word, tone)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ana;(11) 98765-1234;", True),
        ("Ana;11 8765 1234;", True),
        ("Ana;+55 11 98765.1234", True),
        ("Ana;ANA@Example.com", True),
        ("Bruno;11987651235;bruno@example.com", False),
        ("987651234", False),
    ],
)
def test_a_phone_is_found_in_files_however_it_is_written(text: str, found: bool) -> None:
    needles = Needles.of(Subject(phones=("+5511987651234",), emails=("ana@example.com",)))
    assert needles.are_in(text) is found
    halves = [text[: len(text) // 2].encode("utf-16-le"), text[len(text) // 2 :].encode("utf-16-le")]
    assert needles.are_in_parts(halves, "utf-16-le") is found
