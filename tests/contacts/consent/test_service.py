"""The log of consents: what it keeps, what it refuses, and whom a no reaches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.contacts import service as contacts
from app.contacts.consent import reading, spreading, suppression
from app.contacts.consent import service as consents
from app.contacts.consent.service import Given
from app.contacts.consent.states import Channel, Consent, ConsentSource, Purpose
from app.core import clock, events
from app.core.access import Actor
from app.core.db import db, write
from app.core.errors import Conflict, Invalid
from app.core.runtime import runtime

Heard = list[tuple[str, dict[str, Any]]]
ANA = {"name": "Ana", "phoneNumber": "(11) 98765-4321", "email": "ana@example.com"}


@pytest.fixture
def heard() -> Iterator[Heard]:
    found: Heard = []

    def hear(_connection: Any, name: str, _account: Any, payload: dict[str, Any]) -> None:
        found.append((name, payload))

    events.subscribe("*", hear)
    yield found
    events.unsubscribe("*", hear)


def say(actor: Actor, id: UUID, channel: str, state: str, source: str = "form", **values: Any) -> bool:
    given = Given(Channel(channel), Consent(state), ConsentSource(source), **values)
    with write() as session:
        return consents.record(session, actor, contacts.get(actor.account_id, id, lock=True), given)


def test_the_log_only_grows_and_the_contact_says_what_was_said_last(
    actor: Actor, make_contact: Callable[..., UUID], heard: Heard
) -> None:
    id, before = make_contact(**ANA), clock.now() - timedelta(days=400)
    assert say(actor, id, "whatsapp", "granted", at=before, detail="Formulário", text_version="2025-10")
    assert say(actor, id, "whatsapp", "granted", detail="Contrato assinado")  # a better proof of the same
    assert not say(actor, id, "whatsapp", "granted")
    assert say(actor, id, "whatsapp", "granted", purpose=Purpose.SERVICE)
    assert say(actor, id, "whatsapp", "denied")
    contact = contacts.get(actor.account_id, id)
    assert (contact.whatsapp_consent, contact.email_consent, contact.version) == ("denied", "unknown", 3)
    log = reading.log_of(db.session(), actor.account_id, id)
    assert [(entry.purpose, entry.state) for entry in log.rows] == [
        ("marketing", "denied"),
        ("service", "granted"),
        ("marketing", "granted"),
        ("marketing", "granted"),
    ]
    assert (log.rows[-1].at, log.rows[-1].actor, log.rows[-1].text_version) == (before, actor.name, "2025-10")
    standing = reading.standings(db.session(), contact)[0]
    assert standing.proof is not None
    assert standing.proof.id == log.rows[0].id
    assert [name for name, _ in heard] == ["contact.created", "contact.updated", "contact.updated", "contact.opted_out"]
    assert heard[-1][1] == {"contactId": str(id), "channel": "whatsapp", "source": "form"}


def test_only_the_person_takes_back_a_no(actor: Actor, make_contact: Callable[..., UUID]) -> None:
    id = make_contact(**ANA)
    say(actor, id, "email", "denied", "preferences")
    for state in ("granted", "unknown"):
        with pytest.raises(Conflict):
            say(actor, id, "email", state)
    with pytest.raises(Invalid):
        say(actor, id, "whatsapp", "granted", at=clock.now() + timedelta(minutes=1))
    assert say(actor, id, "email", "granted", "preferences")
    assert contacts.get(actor.account_id, id).email_consent == "granted"
    hashes = suppression.hashes_of(runtime().settings.pii_hash_key, None, ANA["email"])
    assert suppression.find(db.session.connection(), actor.account_id, hashes.values()) == {}


def test_a_no_to_an_address_is_everybodys_who_has_it(
    actor: Actor, make_contact: Callable[..., UUID], heard: Heard
) -> None:
    ids = [make_contact(name="Casa", phoneNumber=f"1198765432{n}", email="casa@example.com") for n in range(6)]
    say(actor, ids[0], "email", "granted")
    say(actor, ids[1], "email", "denied", "message")
    everybody = [contacts.get(actor.account_id, id) for id in ids]
    assert {contact.email_consent for contact in everybody} == {"denied"}
    assert [contact.version for contact in everybody] == [3, 2, 2, 2, 2, 2]
    assert sorted(told["contactId"] for name, told in heard if name == "contact.opted_out") == sorted(map(str, ids))
    assert len(reading.log_of(db.session(), actor.account_id, ids[0]).rows) == 2
    with pytest.raises(Conflict):  # nor for one who comes later
        say(actor, make_contact(name="Neta", phoneNumber="1131234567", email="casa@example.com"), "email", "granted")


def test_everybody_follows_in_parts(actor: Actor, make_contact: Callable[..., UUID]) -> None:
    for number in range(5):
        make_contact(name="Casa", phoneNumber=f"1198765432{number}", email="casa@example.com")
    deny = consents.deny_other(actor.account_id, Given(Channel.EMAIL, Consent.DENIED, ConsentSource.MESSAGE))
    engine, home = runtime().engine, "casa@example.com"
    assert spreading.deny_all(engine, actor.account_id, home, deny, at_once=2) == 5
    assert spreading.deny_all(engine, actor.account_id, home, deny, at_once=2) == 0
