"""A person planted everywhere, beside another who must stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.contacts import service as contacts
from app.contacts.consent import service as consents
from app.contacts.consent.service import Given
from app.contacts.consent.states import Basis, Channel, Consent, ConsentSource
from app.contacts.models import Contact
from app.contacts.service import Source
from app.core import clock
from app.core.access import Actor
from app.core.db import write
from app.core.models import Job, JobPart
from app.outbound import targets
from app.outbound.models import Target
from app.simulator import Simulator
from tests.jobs import run_jobs
from tests.people import Person, bearer, new_user
from tests.tracking_fixtures import (
    ASYNC,
    META_PURCHASE,
    Sender,
    drain,
    make_pixel,
    make_sender,
    sender,
    settings,
    simulator,
)

__all__ = ["drain", "make_pixel", "make_sender", "sender", "settings", "simulator"]

NAME, EMAIL, PHONE = "Ana Prado Vermelho", "ana.vermelho@exemplo.com.br", "+5511987651234"
WITHOUT_NINTH = "(11) 8765-1234"
REF = "FAT-0815"
FILE = f"nome;telefone;e-mail;empresa\n{NAME};{WITHOUT_NINTH};{EMAIL};Vermelho e Filhos\n"


@dataclass
class Planted:
    contact: UUID
    other: UUID
    import_id: UUID
    export_job: UUID
    events: list[str]


@pytest.fixture
def actor(app: Flask) -> Actor:
    """An administrator. No context stays open: requests would share what it keeps."""
    person = new_user(app, "admin")
    return Actor(person.account_id, person.id, person.email)


@pytest.fixture
def make_contact(app: Flask, actor: Actor) -> Callable[..., UUID]:
    def make(**values: Any) -> UUID:
        with app.app_context(), write():
            return contacts.create(actor, values, Source.FORM).id

    return make


@pytest.fixture
def plant(
    app: Flask,
    actor: Actor,
    make_contact: Callable[..., UUID],
    sender: Sender,
    simulator: Simulator,
    drain: Callable[..., None],
) -> Callable[[], Planted]:
    """`plant()`: a contact with tags and a consent, an import's kept file, an export, opens, and an event delivered,
    one dead and one waiting."""

    def everywhere() -> Planted:
        contact = make_contact(
            name=NAME, phoneNumber=PHONE, email=EMAIL, company="Vermelho Ltda", tags=["vip"], customFields={}
        )
        other = make_contact(
            name="Bruno Outro", phoneNumber="+5511912340000", email="bruno@exemplo.com.br", tags=["vip"]
        )
        import_id = _import(app, actor)
        with app.app_context():
            _consent(actor, contact)
            job = _export(actor)
        sent = _events(app, sender, simulator, drain)
        web = app.test_client()
        web.get(f"/image/logo.png?id_fatura={REF}", headers={"User-Agent": "Thunderbird/1 of Ana"})
        return Planted(contact, other, import_id, job, sent)

    return everywhere


def _consent(actor: Actor, contact: UUID) -> None:
    given = Given(
        Channel.EMAIL,
        Consent.GRANTED,
        ConsentSource.FORM,
        basis=Basis.CONSENT,
        detail="Ficha",
        ip_address="203.0.113.9",
    )
    with write() as session:
        found = session.scalars(select(Contact).where(Contact.id == contact)).one()
        consents.record(session, actor, found, given)


def _import(app: Flask, actor: Actor) -> UUID:
    """A file that changes the contact, whose former state is kept for undoing."""
    assert actor.user_id is not None
    headers = bearer(app, Person(actor.user_id, actor.account_id, actor.name, "admin"))
    sent = {"file": (BytesIO(FILE.encode("latin-1")), "pessoas.csv"), "consentAnswer": "none"}
    answer = app.test_client().post("/api/contacts/import", data=sent, headers=headers)
    assert answer.status_code == 202, answer.text
    run_jobs(app)
    return UUID(answer.get_json()["import"]["id"])


def _export(actor: Actor) -> UUID:
    now = clock.now()
    values = {"filename": "contatos.csv", "content_type": "text/csv", "size": len(FILE), "expires_at": now}
    times = {"created_at": now, "finished_at": now}
    with write() as session:
        job = Job(account_id=actor.account_id, kind="export_contacts", state="done", params={}, **values, **times)
        session.add(job)
        session.flush()
        session.add(JobPart(job_id=job.id, number=0, content=FILE.encode()))
        return job.id


def _events(app: Flask, sender: Sender, simulator: Simulator, drain: Callable[..., None]) -> list[str]:
    """Delivered; refused, and so a dead letter; waiting, for the pixel is paused. By the phone in both forms."""
    body: dict[str, Any] = {**META_PURCHASE, "email": EMAIL, "phone": PHONE, "order_id": "PEDIDO-77"}
    body |= {"first_name": "Ana", "last_name": "Vermelho"}
    made = [_sent(sender, {**body, "event_id": "one"})]
    drain()
    simulator.behave(kind="refuse")
    made.append(_sent(sender, {**body, "event_id": "two", "phone": WITHOUT_NINTH, "email": None}))
    drain()
    simulator.calm()
    with app.app_context(), write() as session:
        for id_ in session.scalars(select(Target.id)).all():
            targets.pause(session.connection(), id_, "for the test", "user")
    made.append(_sent(sender, {**body, "event_id": "three"}))
    return made


def _sent(sender: Sender, body: dict[str, Any]) -> str:
    answer = sender.post({name: value for name, value in body.items() if value is not None}, **ASYNC)
    assert answer.status_code == 202, answer.text
    found: str = answer.get_json()["request_id"]
    return found
