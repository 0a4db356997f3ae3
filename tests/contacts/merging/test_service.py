"""Two contacts made one: what is kept, joined, moved and refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.accounts.models import AuditEntry
from app.contacts import grouping, search, timeline
from app.contacts import service as contacts
from app.contacts.consent import reading
from app.contacts.consent import service as consents
from app.contacts.consent.service import Given
from app.contacts.consent.states import Channel, Consent, ConsentSource
from app.contacts.importing.models import ContactImport, ImportChange
from app.contacts.merging import chains, service
from app.contacts.models import Category, Contact
from app.core import clock, events
from app.core.access import Actor
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import uuid7
from tests.people import Person

Make = Callable[..., UUID]
Heard = list[tuple[str, dict[str, Any]]]
ANA = {"name": "Ana", "phoneNumber": "(11) 98765-4321", "tags": ["VIP"]}
ANA_TOO = {"name": "Ana Souza", "phoneNumber": "(21) 99876-5432", "email": "ana@example.com", "tags": ["vip", "loja"]}


@pytest.fixture
def heard() -> Iterator[Heard]:
    found: Heard = []

    def hear(_connection: Any, name: str, _account: Any, payload: dict[str, Any]) -> None:
        found.append((name, payload))

    events.subscribe("*", hear)
    yield found
    events.unsubscribe("*", hear)


def merge(actor: Actor, kept: UUID, other: UUID, *take: str, **versions: int) -> Contact:
    with write():
        service.merge(actor, kept, other, take, **versions)
    return contacts.get(actor.account_id, kept)


def say(actor: Actor, id: UUID, channel: str, state: str) -> None:
    given = Given(Channel(channel), Consent(state), ConsentSource.FORM)
    with write() as session:
        consents.record(session, actor, contacts.get(actor.account_id, id, lock=True), given)


def new_category(actor: Actor) -> UUID:
    now = clock.now()
    with write() as session:
        category = Category(account_id=actor.account_id, name="Clientes", folded_name="clientes", color="#206bc4",
                            created_at=now, updated_at=now)  # fmt: skip
        session.add(category)
        session.flush()
        return category.id


def test_the_kept_contact_has_the_picked_fields_and_everything_that_hung_on_both(
    actor: Actor, make_contact: Make, heard: Heard
) -> None:
    kept, other = make_contact(**ANA), make_contact(**ANA_TOO, categoryIds=[new_category(actor)])
    say(actor, other, "email", "granted")
    heard.clear()
    contact = merge(actor, kept, other, "name", "phoneNumber", "email", version=1, other_version=2)
    assert (contact.name, contact.phone, contact.email) == ("Ana Souza", "+5521998765432", "ana@example.com")
    assert (contact.version, contact.email_consent) == (2, "unknown")  # a yes needs both
    connection = db.session.connection()
    tags = grouping.tags_of(connection, [contact.serial])[contact.serial]
    assert [tag.name for tag in tags] == ["loja", "VIP"]
    assert len(grouping.categories_of(connection, [contact.serial])[contact.serial]) == 1
    assert [name for name, _ in heard] == ["contact.merged", "contact.deleted", "contact.updated"]
    assert heard[0][1] == {"keptId": str(kept), "mergedId": str(other)}
    assert heard[2][1]["fields"] == ["name", "phoneNumber", "email"]
    assert [entry.state for entry in reading.log_of(db.session(), actor.account_id, kept).rows] == ["granted"]
    kinds = {entry.kind for entry in timeline.entries(db.session(), actor.account_id, kept)}
    assert kinds == {"contact.created", "contact.merged", "contact.updated"}
    found = search.page_of(db.session(), actor.account_id, [], [Contact.serial.desc()], typed="98765432")
    assert [one.id for one in found.rows] == [kept]
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "contact.merged")).one()
    assert (entry.subject_id, "ana@" in str(entry.changes)) == (str(kept), False)
    make_contact(name="Bia", phoneNumber="(11) 98765-4321")  # the number that was not kept is free


def test_a_no_of_either_is_a_no_and_is_logged(actor: Actor, make_contact: Make, heard: Heard) -> None:
    kept, other = make_contact(**ANA), make_contact(**ANA_TOO)
    say(actor, kept, "whatsapp", "granted")
    say(actor, other, "whatsapp", "denied")
    heard.clear()
    contact = merge(actor, kept, other)
    assert contact.whatsapp_consent == "denied"
    log = reading.log_of(db.session(), actor.account_id, kept).rows
    assert [(entry.source, entry.state) for entry in log] == [
        ("merge", "denied"),
        ("form", "denied"),
        ("form", "granted"),
    ]
    assert "contact.opted_out" in [name for name, _ in heard]
    assert make_contact(name="Bia", phoneNumber=ANA_TOO["phoneNumber"])  # who had said no starts with a no
    bia = db.session.scalars(select(Contact).where(Contact.name == "Bia")).one()
    assert bia.whatsapp_consent == "denied"


def test_what_was_merged_before_leads_on_and_nothing_of_an_import_stays(actor: Actor, make_contact: Make) -> None:
    ids = [make_contact(name=f"Ana {number}") for number in range(3)]
    with write() as session:
        import_id, now = uuid7(), clock.now()
        text = {"filename": "a.csv", "format": "csv", "encoding": "utf-8", "delimiter": ",", "columns_hash": ""}
        session.add(
            ContactImport(id=import_id, account_id=actor.account_id, size=1, columns=[], created_at=now, **text)
        )
        session.flush()
        for id in ids:
            session.add(ImportChange(import_id=import_id, contact_id=id, before={"name": "Ana"}, added={}, version=1))
    merge(actor, ids[1], ids[2])
    merge(actor, ids[0], ids[1])
    assert [chains.kept_of(db.session(), id, actor.account_id) for id in ids] == [None, ids[0], ids[0]]
    assert db.session.scalar(select(func.count()).select_from(ImportChange)) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_merge_that_cannot_be_is_refused(actor: Actor, make_contact: Make, other_account: Person) -> None:
    kept, other = make_contact(**ANA), make_contact(**ANA_TOO)
    stranger = Actor(other_account.account_id, other_account.id, other_account.email)
    theirs = make_contact(by=stranger, name="Rui")
    for wrong, fields in ((kept, "otherId"), (theirs, "otherId"), (uuid7(), "otherId")):
        with pytest.raises(Invalid) as refused:
            merge(actor, kept, wrong)
        assert list(refused.value.fields) == [fields]
    for take in ("serial", "customFields.nope", "accountId"):
        with pytest.raises(Invalid) as refused:
            merge(actor, kept, other, take)
        assert list(refused.value.fields) == ["take"]
    for who, versions in ((kept, {"version": 9}), (other, {"other_version": 9})):
        with pytest.raises(Conflict) as stale:
            merge(actor, kept, other, **versions)
        assert stale.value.current.id == who
    with pytest.raises(NotFound):
        merge(stranger, kept, theirs)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_third_contact_in_the_way_and_nothing_left_are_refused(actor: Actor, make_contact: Make) -> None:
    kept, third = make_contact(email="a@example.com"), make_contact(email="b@example.com")
    other = make_contact(name="Ana", phoneNumber="11987654321", email="b@example.com")
    with pytest.raises(Conflict) as refused:
        merge(actor, kept, other, "email")
    assert (refused.value.message, refused.value.current.id) == (service.TAKEN, third)
    with pytest.raises(Invalid):
        merge(actor, kept, make_contact(name="Bia", phoneNumber="11987654322"), "email")
    assert merge(actor, kept, other, "email", "phoneNumber").email == "b@example.com"  # a phone makes it another one
