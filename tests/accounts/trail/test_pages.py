"""/audit: its filters, its words, and its export of exactly the filtered set."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import insert, select

from app.accounts.models import AuditEntry
from app.core import clock, exports
from app.core.db import db, write
from app.core.ids import uuid7
from tests.jobs import run_jobs
from tests.people import HTMX, Browser

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Note = Callable[..., UUID]
HOUR = timedelta(hours=1)


def table(answer: Any) -> list[list[str]]:
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline=""), delimiter=";"))


@sqlite
def test_an_entry_says_what_happened_to_what_from_what(admin: Browser, note: Note) -> None:
    changes = {
        "name": ["Loja <b>", "Blog"], "scopes": [[], ["stats:read"]], "expires_at": [None, "2027-01-01T12:00:00+00:00"],
        "unheard_of": [True, None],
    }  # fmt: skip
    note("client.updated", subject="Blog", changes=changes, ip_address="203.0.113.7")
    note("thing.done", actor="system")
    text = admin.get("/audit").text
    for said in ("Cliente de API alterado", "Loja &lt;b&gt;", "Blog", "stats:read", "01/01/2027 09:00", "unheard_of",
                 "Sim", "203.0.113.7", "thing.done"):  # fmt: skip
        assert said in text, said
    assert "<b>" not in text


@sqlite
def test_the_filters_are_in_the_url_and_can_be_taken_off(admin: Browser, note: Note) -> None:
    note("client.created", subject="Loja")
    note("pixel.created", subject="Outro")
    text = admin.get("/audit?action=client.&actor=ana", headers=HTMX).text
    assert text.lstrip().startswith('<div id="audit-rows"')
    assert ("Loja" in text, "Outro" in text) == (True, False)
    assert 'href="/audit?actor=ana"' in text
    for query in ("from=x", "user=me", "after=x", "limit=-1", "actor=" + "a" * 400, "from=2026-11-02&to=2026-11-01"):
        assert admin.get(f"/audit?{query}").status_code == 200, query


def test_the_export_holds_exactly_the_filtered_set_and_is_noted(app: Flask, admin: Browser, note: Note) -> None:
    note("client.created", 2 * HOUR, subject="=HYPERLINK(1)", actor="@sum")
    note("client.updated", HOUR, changes={"name": ["a", "b"]})
    note("pixel.created", HOUR)
    head, *rows = table(admin.submit("/audit/export", {"format": "csv", "action": "client."}))
    assert head[:4] == ["Data e hora", "Ação", "O que aconteceu", "Quem"]
    assert [row[1] for row in rows] == ["client.updated", "client.created"]
    assert (rows[1][3], rows[1][4]) == ("'@sum", "'=HYPERLINK(1)")
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "audit.exported")).one()
    assert entry.user_id == admin.person.id
    assert entry.changes is not None
    assert (entry.changes["rows"], entry.changes["filters"][1]["action"]) == ([None, 2], "client.")


@sqlite
def test_a_large_export_is_a_long_job_unless_it_names_somebody(app: Flask, admin: Browser) -> None:
    rows = [
        {"id": uuid7(), "account_id": admin.person.account_id, "created_at": clock.now(), "action": "client.created"}
        for _number in range(exports.AT_ONCE + 1)
    ]
    with app.app_context(), write() as session:
        session.execute(insert(AuditEntry).values(actor="ana@example.com"), rows)
    started = admin.submit("/audit/export", {"format": "csv", "action": "client."})
    assert "/jobs/" in started.headers["Location"]
    run_jobs(app)
    assert len(table(admin.get(f"{started.headers['Location']}/file"))) == 1 + len(rows)
    personal = admin.submit("/audit/export", {"format": "csv", "actor": "ana", "action": "client."})
    assert len(table(personal)) == 1 + len(rows)  # what is personal is never in the parameters of a job


@sqlite
def test_an_export_asks_who_it_is_again(
    admin: Browser, manager: Browser, note: Note, travel: Callable[[timedelta], None]
) -> None:
    assert manager.get("/audit").status_code == 403
    assert manager.submit("/audit/export", {"format": "csv"}).status_code == 403
    assert admin.submit("/audit/export", {"format": "exe"}).headers["Location"] == "/audit"
    travel(timedelta(minutes=30))
    assert admin.submit("/audit/export", {"format": "csv"}).headers["Location"].startswith("/confirm?next=")
