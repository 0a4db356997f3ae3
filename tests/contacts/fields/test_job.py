"""The end of a field: every value of it goes, from what search looks in too, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from app.contacts.fields import options, service, stored
from app.contacts.fields.models import CustomField
from app.contacts.models import Contact
from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from tests.contacts.crowd import crowd
from tests.jobs import run_jobs
from tests.people import new_account


def field_of(actor: Actor, label: str, kind: str = "text", **values: object) -> CustomField:
    with write():
        field = service.create(actor, {"label": label, "kind": kind, **values})
    return field


def test_its_values_go_from_contacts_of_the_account_and_those_of_another_field_stay(
    app: Flask, actor: Actor, make_contact: Callable[..., UUID]
) -> None:
    loja, _plano = field_of(actor, "Loja"), field_of(actor, "Plano", "choice", options=["Ouro"])
    make_contact(name="Ana", customFields={"loja": "Pinheiros", "plano": "Ouro"})
    crowd(actor.account_id, stored.PART + 1, custom={"loja": "Moema"})
    crowd(actor.account_id, 1, custom={"loja": "Moema"}, deleted_at=clock.now())
    crowd(new_account(app), 1, custom={"loja": "Centro"})
    assert options.users_of(db.session(), loja, ["Moema", "Lapa"]) == {"Moema": stored.PART + 1}

    with write():
        service.delete(actor, loja.id)
    run_jobs(app)
    db.session.rollback()

    kept = db.session.scalars(select(Contact.custom).where(Contact.custom != {})).all()
    assert sorted(kept, key=str) == [{"loja": "Centro"}, {"plano": "Ouro"}]
    searchable = db.session.scalar(select(Contact.searchable).where(Contact.name == "Ana")) or ""
    assert ("pinheiros" in searchable, "ouro" in searchable) == (False, True)
    assert db.session.scalars(select(CustomField.key)).all() == ["plano"]


def test_a_job_for_a_field_that_is_gone_ends_quietly(app: Flask, actor: Actor) -> None:
    loja = field_of(actor, "Loja")
    for _ in range(2):
        with write():
            service.delete(actor, loja.id)
    assert run_jobs(app) == 2
    assert db.session.scalar(select(CustomField.id)) is None
    with write():
        again = service.create(actor, {"label": "Loja", "kind": "number"})
    assert again.key == "loja"
