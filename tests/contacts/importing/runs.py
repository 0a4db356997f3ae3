"""Imports for tests: a file is kept, given a plan, and let go."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from app.contacts.importing import service
from app.contacts.importing.keeping import receive
from app.contacts.importing.models import ContactImport, ImportProblem
from app.contacts.importing.plan import Answer, ConsentAnswer, Plan
from app.contacts.models import Contact
from app.core.access import Actor
from app.core.db import db, write
from tests.jobs import run_jobs

NOBODY_KNOWS = ConsentAnswer(Answer.NONE)
GUESSED = {"nome": "name", "fone": "phone", "e-mail": "email", "empresa": "company", "tags": "tags",
           "categoria": "category", "não contatar": "do_not_contact", "cidade": "custom:cidade"}  # fmt: skip


def plan_of(header: str, **options: Any) -> Plan:
    """`header`: names of GUESSED, by semicolons."""
    columns = {place: GUESSED[name] for place, name in enumerate(header.split(";")) if name in GUESSED}
    return Plan(columns, **{"consent": NOBODY_KNOWS, **options})


def uploaded(actor: Actor, text: str, encoding: str = "utf-8") -> UUID:
    return receive(actor, "pessoas.csv", BytesIO(text.encode(encoding))).id


def check(app: Flask, actor: Actor, text: str, **options: Any) -> ContactImport:
    """An import that was checked."""
    id_ = uploaded(actor, text)
    with write():
        service.start_check(
            actor, service.get(actor.account_id, id_, lock=True), plan_of(text.split("\n")[0], **options)
        )
    run_jobs(app)
    return read(actor, id_)


def begin(actor: Actor, text: str, **options: Any) -> UUID:
    """An import whose job waits."""
    id_ = uploaded(actor, text)
    with write():
        mine = service.get(actor.account_id, id_, lock=True)
        service.start_at_once(actor, mine, plan_of(text.split("\n")[0], **options))
    return id_


def run(app: Flask, actor: Actor, text: str, **options: Any) -> ContactImport:
    """An import that is done."""
    id_ = begin(actor, text, **options)
    run_jobs(app)
    return read(actor, id_)


def undo(app: Flask, actor: Actor, id_: UUID) -> ContactImport:
    with write():
        service.start_undo(actor, service.get(actor.account_id, id_, lock=True))
    run_jobs(app)
    return read(actor, id_)


def read(actor: Actor, id_: UUID) -> ContactImport:
    db.session.rollback()
    return service.get(actor.account_id, id_)


def counts(row: ContactImport) -> tuple[int, int, int, int]:
    """Created, updated, skipped, invalid."""
    return row.created, row.updated, row.skipped, row.invalid


def problems(id_: UUID) -> dict[int, str]:
    """Row -> reason."""
    found = select(ImportProblem.row, ImportProblem.reason).where(ImportProblem.import_id == id_)
    return {row.row: row.reason for row in db.session.execute(found)}


def people(*columns: str) -> list[tuple[Any, ...]]:
    """Of every contact that is not deleted, oldest first."""
    wanted = [getattr(Contact, name) for name in columns]
    found = select(*wanted).where(Contact.deleted_at.is_(None)).order_by(Contact.serial)
    return [tuple(row) for row in db.session.execute(found)]
