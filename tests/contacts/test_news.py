"""What is told of contacts: one shape for each event, whichever way the change came."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Connection, select

from app.contacts import service
from app.contacts.bulk import steps
from app.contacts.consent import service as consents
from app.contacts.consent.service import Given
from app.contacts.consent.states import Channel, Consent, ConsentSource
from app.contacts.grouping import tag_ids
from app.contacts.merging import service as merging
from app.contacts.models import Contact, ContactTag, TimelineEntry
from app.contacts.privacy import erasing
from app.core import clock, event_types, events
from app.core.access import Actor
from app.core.db import begin_write, db, write
from app.core.privacy import How, Subject
from app.core.runtime import runtime
from tests.contacts.importing.runs import run, undo

ONE = {"contactId", "version", "source"}
SHAPES = {
    "contact.created": ONE,
    "contact.updated": ONE | {"fields"},
    "contact.deleted": ONE,
    "contact.restored": ONE,
    "contact.opted_out": {"contactId", "channel", "source"},
    "contact.purged": {"contactIds"},
    "contact.merged": {"keptId", "mergedId"},
    "import.completed": {"importId", "state", "created", "updated", "skipped", "invalid"},
}
ANA = {"name": "Ana Souza", "phoneNumber": "11987654321", "email": "ana@example.com"}
FILE = "nome;fone;e-mail;tags;não contatar\nAna Lima;11987654321;;novo;sim\nBia;21987654321;;;\n"
Heard = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def heard() -> Iterator[Heard]:
    """What is told, each with the row behind it changed already: in the same transaction."""
    found: Heard = []

    def hear(connection: Connection, name: str, _account: UUID, told: dict[str, Any]) -> None:
        if name.startswith("contact.") or name == "import.completed":
            found.append((name, told))
        if "version" in told:
            stored = connection.scalar(select(Contact.version).where(Contact.id == UUID(told["contactId"])))
            assert stored in (told["version"], None), name
            assert stored is not None or name == "contact.deleted"

    events.subscribe("*", hear)
    yield found
    events.unsubscribe("*", hear)


def names(heard: Heard) -> list[str]:
    """Told since the last time, with the fields of updates, once each shape is seen to be right."""
    for name, told in heard:
        assert told.keys() == SHAPES[name], name
        if event_types.is_public(name):
            event_types.public()[name].payload.model_validate(told, extra="forbid")
        assert not any(part in json.dumps(told) for part in ("Ana", "Bia", "9876", "ana@"))
    said = [" ".join([name.rpartition(".")[2], *told.get("fields", ())]) for name, told in heard]
    heard.clear()
    return said


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_way_of_changing_contacts_tells_the_same(
    app: Flask, actor: Actor, make_contact: Callable[..., UUID], heard: Heard
) -> None:
    id_ = make_contact(**ANA)
    with write() as session:
        service.update(actor, id_, {"name": "Ana", "phoneNumber": "11987654322", "ownerId": str(actor.user_id)})
        service.delete(actor, id_)
        service.restore(actor, id_)
        contact = service.get(actor.account_id, id_, lock=True)
        consents.record(session, actor, contact, Given(Channel.EMAIL, Consent.DENIED, ConsentSource.FORM))
        serial = contact.serial
    assert names(heard) == [
        "created", "updated name phoneNumber ownerId", "deleted", "created", "restored", "updated emailConsent",
        "opted_out",
    ]  # fmt: skip
    with begin_write(runtime(app).engine) as connection:
        now, tags = clock.now(), tag_ids(connection, actor.account_id, ["vip"])
        steps.regroup(connection, actor, ContactTag, [(tags[0], [serial])], adds=True, now=now)
        steps.delete(connection, actor, [serial], now)
        steps.restore(connection, actor, [serial], now, now)
    assert names(heard) == ["updated tags", "deleted", "created", "restored"]
    other = make_contact(name="Bia", company="Loja")
    with write():
        merging.merge(actor, id_, other, ["company"])
    assert names(heard) == ["created", "merged", "deleted", "updated company"]
    for how, news in ((How.ANONYMISE, "updated name phoneNumber email company"), (How.DELETE, "purged deleted")):
        subject = Subject((), (), (id_,), ())
        erasing.erase(lambda: begin_write(runtime(app).engine), actor.account_id, subject, how)
        assert " ".join(names(heard)) == news


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_import_and_its_undoing_tell_as_everybody_does(
    app: Flask, actor: Actor, make_contact: Callable[..., UUID], heard: Heard
) -> None:
    make_contact(**ANA)
    names(heard)
    row = run(app, actor, FILE)
    assert names(heard) == [
        "created", "updated name tags whatsappConsent emailConsent", "opted_out", "opted_out", "completed",
    ]  # fmt: skip
    undo(app, actor, row.id)
    assert names(heard) == ["deleted", "updated name tags"]  # a no stays a no
    facts = db.session.scalars(select(TimelineEntry.facts).where(TimelineEntry.kind == "contact.updated")).all()
    assert [one["fields"] for one in facts] == [["name", "tags", "whatsappConsent", "emailConsent"], ["name", "tags"]]
