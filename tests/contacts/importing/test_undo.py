"""An import taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.contacts import service as contacts
from app.contacts.consent.models import ConsentEvent
from app.contacts.consent.states import Channel
from app.contacts.importing import service
from app.contacts.importing.plan import Answer, ConsentAnswer
from app.contacts.models import Contact, ContactTag, Tag
from app.core.access import Actor
from app.core.db import db, write
from tests.contacts.importing.runs import people, run, undo

AGREED = ConsentAnswer(Answer.GRANTED, (Channel.WHATSAPP,), detail="Feira", on=date(2026, 11, 1))
TEXT = (
    "nome;fone;e-mail;tags;não contatar\n"
    "Ana Lima;11987654321;;vip;\n"
    "Bia;21987654321;bia@example.com;vip;\n"
    "Eva;31987654321;;vip;\n"
    "Lia;41987654321;;;\n"
    "Rui;51987654321;;;sim\n"
)
only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SHOWN = ("name", "phone", "whatsapp_consent")


def id_of(name: str) -> UUID:
    return db.session.scalars(select(Contact.id).where(Contact.name == name)).one()


def test_what_an_import_did_is_taken_back_and_what_came_after_stays(
    app: Flask, actor: Actor, make_contact: Callable[..., UUID]
) -> None:
    make_contact(name="Ana", phoneNumber="11987654321", tags=["old"])
    make_contact(name="Bia", email="bia@example.com")
    make_contact(name="Rui", phoneNumber="51987654321")
    before = people(*SHOWN)
    row = run(app, actor, TEXT, consent=AGREED)
    assert (row.created, row.updated) == (2, 3)
    with write():
        contacts.update(actor, id_of("Lia"), {"name": "Lia Souza"})
    undone = undo(app, actor, row.id)
    job = service.job_of(undone)
    assert (undone.state, undone.undone_at is not None, service.may_undo(undone)) == ("undone", True, False)
    assert job is not None
    assert job.result == {"deleted": 1, "restored": 3, "kept": 1}
    assert people(*SHOWN) == [
        *before[:2], ("Rui", "+5551987654321", "denied"), ("Lia Souza", "+5541987654321", "granted"),
    ]  # fmt: skip
    ana = db.session.scalars(select(Contact).where(Contact.name == "Ana")).one()
    own = select(Tag.name).join(ContactTag).where(ContactTag.contact_serial == ana.serial)
    assert db.session.scalars(own).all() == ["old"]
    assert ("lima" in ana.searchable, ana.version) == (False, 3)
    states = select(ConsentEvent.state).where(ConsentEvent.contact_id == ana.id).order_by(ConsentEvent.id)
    assert db.session.scalars(states).all() == ["granted", "unknown"]


def test_an_address_that_somebody_else_has_by_now_is_left_alone(
    app: Flask, actor: Actor, make_contact: Callable[..., UUID]
) -> None:
    make_contact(name="Bia", email="bia@example.com")
    row = run(app, actor, "nome;fone;e-mail\nBia;21987654321;bia@example.com\n")
    make_contact(name="Other", email="bia@example.com")
    undone = undo(app, actor, row.id)
    job = service.job_of(undone)
    assert job is not None
    assert job.result == {"deleted": 0, "restored": 0, "kept": 1}
    assert people("name", "phone") == [("Bia", "+5521987654321"), ("Other", None)]


@only_sqlite
def test_who_was_deleted_by_undoing_can_be_imported_again(app: Flask, actor: Actor) -> None:
    row = run(app, actor, TEXT)
    undo(app, actor, row.id)
    assert people("name") == []
    assert run(app, actor, TEXT).created == 5
