"""What rows of a file make of an account's contacts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.contacts.consent import service as consents
from app.contacts.consent import suppression
from app.contacts.consent.models import ConsentEvent, Suppression
from app.contacts.consent.service import Given
from app.contacts.consent.states import Channel, Consent, ConsentSource, Suppressed
from app.contacts.importing.plan import Answer, ConsentAnswer, Mode
from app.contacts.models import Category, Contact, Tag, TimelineEntry
from app.contacts.values import derived
from app.core.access import Actor
from app.core.db import db, write
from app.core.runtime import runtime
from tests.contacts.importing.runs import counts, people, problems, run

HEADER = "nome;fone;e-mail;empresa;tags;categoria;não contatar\n"
AGREED = ConsentAnswer(Answer.GRANTED, (Channel.WHATSAPP, Channel.EMAIL), detail="Feira", on=date(2026, 11, 1))
only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Make = Callable[..., UUID]


def test_rows_become_contacts_with_all_that_comes_with_them(app: Flask, actor: Actor) -> None:
    text = (
        f"{HEADER}Ana  Souza;(11) 98765-4321;ANA@Example.com;Acme;vip, sp;Clientes;\n"
        "Bia;;bia@example.com;;;;\n=HYPERLINK(1);1133334444;;;;;\n"
    )
    row = run(app, actor, text, consent=AGREED, tags=("feira",))
    assert (counts(row), row.state) == ((3, 0, 0, 0), "done")
    assert people("name", "phone", "phone_key", "email", "whatsapp_consent", "email_consent", "import_id") == [
        ("Ana Souza", "+5511987654321", "551187654321", "ana@example.com", "granted", "granted", row.id),
        ("Bia", None, None, "bia@example.com", "unknown", "granted", row.id),
        ("=HYPERLINK(1)", "+551133334444", "551133334444", None, "granted", "unknown", row.id),
    ]
    ana = db.session.scalars(select(Contact).order_by(Contact.serial)).first()
    assert ana is not None
    expected = derived(ana.account_id, ana.name, ana.email, ana.phone, ana.company, ana.custom)
    assert (ana.folded_name, ana.searchable) == expected
    assert set(db.session.scalars(select(Tag.name))) == {"vip", "sp", "feira"}
    assert db.session.scalars(select(Category.name)).all() == ["Clientes"]
    proofs = db.session.scalars(select(ConsentEvent)).all()
    assert {(one.state, one.source, one.detail, one.at.isoformat()) for one in proofs} == {
        ("granted", "import", "Feira", "2026-11-01T03:00:00+00:00")
    }
    assert len(proofs) == 4


@only_sqlite
def test_the_same_file_again_makes_nothing_new(app: Flask, actor: Actor) -> None:
    text = f"{HEADER}Ana;11987654321;ana@example.com;;vip;;\nBia;;bia@example.com;;;;\n"
    run(app, actor, text, consent=AGREED)
    again = run(app, actor, text, consent=AGREED)
    left = run(app, actor, text.replace("Ana", "Eva"), mode=Mode.SKIP)
    assert (counts(again), set(problems(again.id).values())) == ((0, 0, 2, 0), {"nothing_new"})
    assert (counts(left), set(problems(left.id).values())) == ((0, 0, 2, 0), {"there"})
    assert db.session.scalar(select(Contact.version).limit(1)) == 1


def test_people_who_are_there_are_known_and_only_what_the_file_gives_changes(
    app: Flask, actor: Actor, make_contact: Make
) -> None:
    phone = make_contact(name="Ana", phoneNumber="1187654321", company="Acme", tags=["vip"])
    mail = make_contact(name="Bia", email="bia@example.com")
    make_contact(name="C1", phoneNumber="11933334444", email="dois@example.com")
    make_contact(name="C2", phoneNumber="11933335555", email="dois@example.com")
    text = (
        f"{HEADER};11987654321;ana@example.com;;sp;;\nBia Lima;21987654321;bia@example.com;;;;\n"
        "Dois;;dois@example.com;;;;\nEva;31987654321;dois@example.com;;;;\n"
    )
    row = run(app, actor, text)
    assert counts(row) == (1, 2, 0, 1)
    assert problems(row.id) == {3: "several"}
    ana, bia = (db.session.scalars(select(Contact).where(Contact.id == id_)).one() for id_ in (phone, mail))
    assert (ana.name, ana.phone, ana.email, ana.company) == ("Ana", "+551187654321", "ana@example.com", "Acme")
    assert (bia.name, bia.phone, bia.version) == ("Bia Lima", "+5521987654321", 2)
    assert "ana@example.com" in ana.searchable
    facts = db.session.scalars(select(TimelineEntry.facts).where(TimelineEntry.kind == "contact.updated")).all()
    assert {tuple(fact["fields"]) for fact in facts} == {("email", "tags"), ("name", "phone")}
    assert {fact["importId"] for fact in facts} == {str(row.id)}


@only_sqlite
def test_only_empty_fills_and_changes_nothing(app: Flask, actor: Actor, make_contact: Make) -> None:
    make_contact(name="Ana", phoneNumber="11987654321")
    run(app, actor, f"{HEADER}Eva;11987654321;ana@example.com;Acme;;;\n", only_empty=True)
    assert people("name", "email", "company") == [("Ana", "ana@example.com", "Acme")]


def test_a_person_who_said_no_stays_no_and_one_to_be_forgotten_stays_out(
    app: Flask, actor: Actor, make_contact: Make
) -> None:
    make_contact(name="Ana", phoneNumber="11987654321")
    no = Given(Channel.WHATSAPP, Consent.DENIED, ConsentSource.PREFERENCES)
    key = runtime(app).settings.pii_hash_key
    with write() as session:
        consents.record(session, actor, session.scalars(select(Contact)).one(), no)
        connection = session.connection()
        suppression.add(connection, actor.account_id, [suppression.hash_of(key, "email", "x@y.co")], Suppressed.ERASED)
        suppression.add(
            connection, actor.account_id, [suppression.hash_of(key, "email", "no@y.co")], Suppressed.OPTED_OUT, "email"
        )
    row = run(app, actor, f"{HEADER};11987654321;;;vip;;\n;;x@y.co;;;;\n;;no@y.co;;;;\n", consent=AGREED)
    assert problems(row.id) == {2: "erased"}
    assert people("whatsapp_consent", "email_consent") == [("denied", "unknown"), ("unknown", "denied")]
    assert db.session.scalars(select(ConsentEvent.state)).all() == ["denied"]


@only_sqlite
def test_a_no_of_the_file_is_recorded_even_where_contacts_are_left_alone(
    app: Flask, actor: Actor, make_contact: Make
) -> None:
    make_contact(name="Ana", phoneNumber="11987654321", email="ana@example.com")
    make_contact(name="Shares", phoneNumber="11987651111", email="ana@example.com")
    text = f"{HEADER}Eva;11987654321;;;;;sim\nBia;;bia@example.com;;;;sim\n"
    run(app, actor, text, consent=AGREED, mode=Mode.SKIP)
    assert people("name", "whatsapp_consent", "email_consent") == [
        ("Ana", "denied", "denied"), ("Shares", "unknown", "denied"), ("Bia", "denied", "denied"),
    ]  # fmt: skip
    assert len(db.session.scalars(select(Suppression.hash)).all()) == 3
    contact = db.session.scalars(select(Contact).where(Contact.name == "Bia")).one()
    assert contact.source == "import"
