"""Contacts taken along: exactly the filtered set, safe in a spreadsheet, on record."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update

from app.accounts.models import AuditEntry, UserSession
from app.contacts.exporting import service
from app.contacts.exporting.export import AT_ONCE, Order, start, write_table
from app.contacts.fields.models import CustomField, FieldKind
from app.contacts.filters import Filters
from app.contacts.models import Contact
from app.core import clock, jobs
from app.core.access import Actor
from app.core.db import db, write
from app.core.ids import uuid7
from app.core.models import Job
from tests.jobs import run_jobs
from tests.people import Person, bearer, new_user
from tests.spreadsheets import rows_of_xlsx

PATH = "/api/contacts/export"
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Make = Callable[..., UUID]


@pytest.fixture
def token(app: Flask) -> dict[str, str]:
    return bearer(app, new_user(app, "manager"))


@pytest.fixture
def fields(actor: Actor) -> None:
    now = clock.now()
    kinds = [("limit", FieldKind.NUMBER), ("birthday", FieldKind.DATE), ("=note", FieldKind.TEXT)]
    with write() as session:
        for place, (label, kind) in enumerate(kinds):
            key = label.removeprefix("=")
            session.add(
                CustomField(
                    account_id=actor.account_id, key=key, label=label, folded_label=label, kind=kind, position=place,
                    created_at=now, updated_at=now,
                )
            )  # fmt: skip


def rows_of_csv(raw: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=";"))


@pytest.mark.usefixtures("fields")
def test_the_file_holds_the_filtered_contacts_and_runs_nothing(
    actor: Actor, make_contact: Make, client: FlaskClient, token: dict[str, str]
) -> None:
    make_contact(
        name='=HYPERLINK("http://evil.example")', phoneNumber="(11) 98765-4321", email="ana@example.com",
        company="@SUM(A1)", ownerId=actor.user_id, tags=["-1", "vip"],
        customFields={"limit": "1.234,5", "birthday": "21/11/1990", "note": "+1+1"},
    )  # fmt: skip
    make_contact(name="Bia", email="bia@example.com")
    for suffix, read in (("csv", rows_of_csv), ("xlsx", rows_of_xlsx)):
        answer = client.get(f"{PATH}?format={suffix}&has=phone", headers=token)
        assert (answer.status_code, suffix in answer.headers["Content-Disposition"]) == (200, True)
        rows: list[list[Any]] = read(answer.data)
        head, row = rows
        assert head[1:4] == ["Nome", "Telefone", "E-mail"]
        assert head[11:14] == ["limit", "birthday", "'=note"]
        assert row[1:5] == ['\'=HYPERLINK("http://evil.example")', "+5511987654321", "ana@example.com", "'@SUM(A1)"]
        assert row[7] == "'-1, vip"
        assert row[12:14] == ["1990-11-21", "'+1+1"]
        assert float(str(row[11]).replace(",", ".")) == 1234.5


@SQLITE
def test_an_export_is_in_the_audit_without_what_was_typed(
    make_contact: Make, client: FlaskClient, token: dict[str, str]
) -> None:
    make_contact(name="Zoraide", email="z@example.com")
    answer = client.get(f"{PATH}?q=zoraide&has=email", headers=token)
    assert len(rows_of_csv(answer.data)) == 2
    db.session.rollback()
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "contacts.exported")).one()
    assert entry.changes is not None
    assert (entry.changes["rows"], entry.changes["filters"][1]["has"]) == ([None, 1], "email")
    assert "zoraide" not in str(entry.changes).lower()


@SQLITE
def test_many_are_made_by_a_worker(
    app: Flask, actor: Actor, client: FlaskClient, token: dict[str, str], travel: Callable[[timedelta], None]
) -> None:
    number, now = AT_ONCE + 1, clock.now()
    same = {"account_id": actor.account_id, "source": "form", "custom": {}, "created_at": now, "updated_at": now}
    people = [
        {"id": uuid7(), "name": "Ana", "folded_name": "ana", "searchable": "ana lima", **same} for _ in range(number)
    ]
    with write() as session:
        session.execute(insert(Contact), people)
    answer = client.get(PATH, headers=token)
    job = answer.get_json()
    assert (answer.status_code, job["total"]) == (202, number)
    run_jobs(app)
    db.session.rollback()
    done = client.get(answer.headers["Location"], headers=token).get_json()
    assert (done["state"], done["done"], done["result"]) == ("done", number, {"rows": number, "cut": False})
    file = client.get(done["file"], headers=token)
    assert len(rows_of_csv(file.data)) == number + 1
    travel(timedelta(days=8))
    late = bearer(app, new_user(app, "manager"))
    db.session.rollback()
    assert client.get(done["file"], headers=late).status_code == 404


@SQLITE
def test_a_search_goes_to_a_job_by_numbers_alone(app: Flask, actor: Actor, make_contact: Make) -> None:
    make_contact(name="Zoraide")
    order = service.order_of(db.session(), actor.account_id, Filters(text="zoraide"), "csv", "UTC", "en")
    with write() as session:
        id_ = start(session, actor, order, 1)
    stored = db.session.scalars(select(Job.params)).one()
    assert "zoraide" not in str(stored).lower()
    run_jobs(app)
    db.session.rollback()
    assert jobs.get(db.session(), actor.account_id, id_).result == {"rows": 1, "cut": False}


@SQLITE
def test_only_who_may_and_only_who_is_sure_takes_contacts_along(
    app: Flask, make_contact: Make, client: FlaskClient, other_account: Person, travel: Callable[[timedelta], None]
) -> None:
    make_contact(name="Ana", email="ana@example.com")
    operator, stranger = bearer(app, new_user(app, "operator")), bearer(app, other_account)
    manager = bearer(app, new_user(app, "manager"))
    assert client.get(PATH, headers=operator).status_code == 403
    assert len(rows_of_csv(client.get(PATH, headers=stranger).data)) == 1
    for query in ("format=pdf", "has=fax", "page=2", "createdFrom=x"):
        assert client.get(f"{PATH}?{query}", headers=manager).status_code == 400, query
    assert client.get(f"{PATH}?segment={uuid7()}", headers=manager).status_code == 404
    old = bearer(app, new_user(app, "admin"))
    with write() as session:
        session.execute(sessions_grown_old())
    refused = client.get(PATH, headers=old)
    assert (refused.status_code, refused.get_json()["confirmRequired"]) == (403, True)


def sessions_grown_old() -> Any:
    return update(UserSession).values(confirmed_at=clock.now() - timedelta(hours=1))


@SQLITE
def test_whoever_sees_masks_would_take_masks_along(actor: Actor, make_contact: Make) -> None:
    make_contact(name="Ana", phoneNumber="11987654321", email="ana@example.com")
    out = io.BytesIO()
    write_table(db.session(), Order(actor.account_id, {"filter": {}}, "csv", "UTC", "pt_BR", is_masked=True), out)
    assert rows_of_csv(out.getvalue())[1][2:4] == ["•••4321", "a•••@e•••.com"]
