"""The check, the import and the file of what was refused, from end to end."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.accounts.models import AuditEntry
from app.contacts.importing import service
from app.contacts.importing.jobs import PART
from app.contacts.importing.models import ContactImport, ImportChange, ImportPart, ImportProblem
from app.contacts.importing.plan import Answer, ConsentAnswer, Plan
from app.contacts.importing.problems import problem_file
from app.contacts.importing.wiping import preview, wipe
from app.core import clock, events, jobs
from app.core.access import Actor
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import uuid7
from app.core.models import Job
from app.core.runtime import runtime
from tests.contacts.importing.runs import begin, check, counts, people, read, run, uploaded
from tests.jobs import run_jobs
from tests.spreadsheets import rows_of_xlsx

TEXT = (
    "nome;fone;e-mail\n"
    "Ana;11987654321;ana@example.com\n"
    "Bia;5,51199E+12;bia@example.com\n"
    "\n"
    "Eva;;\n"
    "=SOMA(1);11987654321;\n"
    "Lia;21987654321;\n"
)
only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_check_counts_what_the_import_then_does_and_writes_nothing(
    app: Flask, actor: Actor, make_contact: Any
) -> None:
    make_contact(name="Lia", phoneNumber="21987654321")
    row = check(app, actor, TEXT)
    assert (row.state, row.rows, people("name")) == ("checked", 5, [("Lia",)])
    assert row.preview == {
        "rows": 5, "new": 1, "updated": 0, "skipped": 1, "invalid": 3, "tooManyRows": False,
        "reasons": {"phone_shortened": 1, "nobody": 1, "repeated": 1, "nothing_new": 1},
        "problems": [
            {"row": 2, "reason": "phone_shortened", "column": 1, "value": "5,51199E+12"},
            {"row": 4, "reason": "nobody", "column": None, "value": ""},
            {"row": 5, "reason": "repeated", "column": None, "value": ""},
        ],
    }  # fmt: skip
    heard: list[dict[str, Any]] = []
    events.subscribe("import.completed", lambda _connection, _name, _account, told: heard.append(told))
    with write():
        job_id = service.start_import(actor, service.get(actor.account_id, row.id, lock=True))
    run_jobs(app)
    row = read(actor, row.id)
    assert (counts(row), row.state) == ((1, 0, 1, 3), "done")
    assert heard == [{"importId": str(row.id), "state": "done", "created": 1, "updated": 0, "skipped": 1, "invalid": 3}]
    job = jobs.get(db.session(), actor.account_id, job_id)
    assert (job.total, job.done, job.skipped, job.result) == (
        5, 1, 4, {"created": 1, "updated": 0, "skipped": 1, "invalid": 3}
    )  # fmt: skip
    assert (
        db.session.scalar(select(AuditEntry.subject).where(AuditEntry.action == "contacts.imported")) == "pessoas.csv"
    )


def test_two_imports_of_the_same_people_at_once_make_each_of_them_once(app: Flask, actor: Actor) -> None:
    text = "nome;fone\n" + "".join(f"A;119{80_000_000 + n}\n" for n in range(PART + 50))
    ids = [begin(actor, text), begin(actor, text)]
    waiting = [service.get(actor.account_id, id_).job_id for id_ in ids]
    db.session.rollback()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda job_id: jobs.run(runtime(app), job_id), waiting))
    rows = [read(actor, id_) for id_ in ids]
    assert [row.state for row in rows] == ["done", "done"]
    assert sum(row.created for row in rows) == sum(row.skipped for row in rows) == len(people("id")) == PART + 50


@only_sqlite
def test_refused_rows_come_back_as_a_file_of_the_same_kind(app: Flask, actor: Actor) -> None:
    row = run(app, actor, TEXT)
    made = problem_file(db.engine, row, "pt_BR")
    text = b"".join(made.content).decode("utf-8-sig")
    assert (made.filename, made.content_type) == ("pessoas-linhas-recusadas.csv", "text/csv; charset=utf-8")
    found = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert found[0] == ["nome", "fone", "e-mail", "Linha", "O que está errado"]
    assert [line[:4] for line in found[1:]] == [
        ["Bia", "5,51199E+12", "bia@example.com", "3"], ["Eva", "", "", "5"], ["'=SOMA(1)", "11987654321", "", "6"],
    ]  # fmt: skip
    with write() as session:
        session.execute(update(ContactImport).values(format="xlsx"))
    made = problem_file(db.engine, read(actor, row.id), "en")
    assert rows_of_xlsx(b"".join(made.content))[3][:4] == ["'=SOMA(1)", "11987654321", None, "6"]


@only_sqlite
def test_an_import_that_is_stopped_keeps_what_it_did_and_says_so(app: Flask, actor: Actor) -> None:
    text = "nome;fone\n" + "".join(f"A;119{80_000_000 + n}\n" for n in range(PART * 2))
    id_ = begin(actor, text)

    def stop(connection: Any, _name: str, _account: UUID, _told: dict[str, Any]) -> None:
        connection.execute(update(Job).values(cancel_asked=True))

    events.subscribe("contact.created", stop)
    try:
        run_jobs(app)
    finally:
        events.unsubscribe("contact.created", stop)
    row = read(actor, id_)
    assert (row.state, row.created, len(people("id"))) == ("stopped", PART, PART)
    assert service.may_undo(row)
    waiting = begin(actor, text)
    with write() as session:
        jobs.ask_to_stop(session.connection(), service.job_of(service.get(actor.account_id, waiting)))  # type: ignore[arg-type]
    assert read(actor, waiting).state == "stopped"


@only_sqlite
def test_verbs_refuse_what_does_not_fit(app: Flask, actor: Actor) -> None:
    id_ = uploaded(actor, TEXT)
    stranger = Actor(uuid7(), None, "stranger")
    with pytest.raises(NotFound):
        service.get(stranger.account_id, id_)
    granted = ConsentAnswer(Answer.GRANTED, ())
    for plan, names in (
        (Plan({0: "name"}, granted), {"mapping", "channels", "detail", "on"}),
        (Plan({0: "email", 1: "email"}, ConsentAnswer(Answer.NONE)), {"mapping"}),
        (Plan({0: "account_id", 1: "email"}, ConsentAnswer(Answer.NONE)), {"mapping"}),
        (Plan({9: "email"}, ConsentAnswer(Answer.NONE)), {"mapping"}),
        (Plan({2: "email"}, ConsentAnswer(Answer.NONE), categories=(uuid7(),)), {"categoryIds"}),
    ):
        with pytest.raises(Invalid) as refused, write():
            service.start_check(actor, service.get(actor.account_id, id_, lock=True), plan)
        assert set(refused.value.fields) == names
    for verb in (service.start_import, service.start_undo):
        with pytest.raises(Conflict), write():
            verb(actor, service.get(actor.account_id, id_, lock=True))
    with write():
        service.discard(actor, service.get(actor.account_id, id_, lock=True))
    assert db.session.scalar(select(func.count()).select_from(ImportPart)) == 0
    done = run(app, actor, TEXT).id
    with pytest.raises(Conflict), write():
        service.discard(actor, service.get(actor.account_id, done, lock=True))


@only_sqlite
def test_files_and_what_undoing_needs_are_wiped_when_they_are_old(
    app: Flask, actor: Actor, make_contact: Any, travel: Any
) -> None:
    make_contact(name="Eva", phoneNumber="21987654321")
    done, waiting = run(app, actor, TEXT).id, uploaded(actor, TEXT)
    assert (wipe(db.engine, clock.now()), preview(db.engine, clock.now()).rows) == (0, 0)
    travel(timedelta(days=2, minutes=1))
    with write() as session:  # whoever wiped it was killed over it
        session.execute(update(ContactImport).where(ContactImport.id == waiting).values(wiped_at=clock.now()))
    assert preview(db.engine, clock.now()).rows == 1
    assert wipe(db.engine, clock.now()) == 1
    parts = select(func.count()).select_from(ImportPart).where(ImportPart.import_id == waiting)
    assert (read(actor, waiting).wiped_at is not None, db.session.scalar(parts)) == (True, 0)
    assert preview(db.engine, clock.now()).rows == 0
    assert service.may_undo(read(actor, done))
    travel(timedelta(days=5))
    assert wipe(db.engine, clock.now()) == 1
    row = read(actor, done)
    for model in (ImportPart, ImportChange, ImportProblem):
        assert db.session.scalar(select(func.count()).select_from(model)) == 0
    assert (service.may_undo(row), row.created, (row.preview or {}).get("problems")) == (False, 1, None)
