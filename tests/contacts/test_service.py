"""One contact: taken in, changed, deleted, brought back."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.contacts import service, timeline
from app.contacts.models import Contact
from app.core import events
from app.core.access import Actor
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, NotFound

ANA = {"name": "Ana São João", "phoneNumber": "(11) 98765-4321", "email": "Ana@Example.com"}


@pytest.fixture
def heard() -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []

    def hear(_connection: Any, name: str, _account: Any, payload: dict[str, Any]) -> None:
        found.append((name, payload))

    events.subscribe("*", hear)
    yield found
    events.unsubscribe("*", hear)


def test_a_contact_is_kept_as_it_was_given_and_found_in_one_form(
    actor: Actor, make_contact: Callable[..., UUID]
) -> None:
    contact = service.get(actor.account_id, make_contact(**ANA, tags=["VIP", "vip "], company="Loja"))
    assert (contact.phone, contact.phone_key, contact.phone_raw) == (
        "+5511987654321",
        "551187654321",
        "(11) 98765-4321",
    )
    assert (contact.email, contact.folded_name) == ("ana@example.com", "ana sao joao")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "\u200b\u3164", "tags": ["\u0301"]}, "name"),
        ({"phoneNumber": "12"}, "phoneNumber"),
        ({"email": "ana@"}, "email"),
        ({"name": "Ana", "ownerId": "00000000-0000-0000-0000-000000000000"}, "ownerId"),
        ({"name": "Ana", "customFields": {"nope": 1}}, "customFields.nope"),
        ({"name": "Ana", "tags": ["x" * 61]}, "tags"),
        ({"name": "Ana", "categoryIds": ["not an id"]}, "categoryIds"),
    ],
)
def test_a_wrong_field_is_named(
    actor: Actor, make_contact: Callable[..., UUID], values: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        make_contact(**values)
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize("phone", ["11 8765-4321", "+55 (11) 98765-4321", "5511987654321"])
def test_the_ninth_digit_makes_no_second_person(make_contact: Callable[..., UUID], phone: str) -> None:
    first = make_contact(**ANA)
    with pytest.raises(Conflict) as refused:
        make_contact(name="Outra", phoneNumber=phone)
    assert refused.value.current.id == first


def test_an_address_alone_is_one_person_and_beside_a_phone_it_may_be_shared(make_contact: Callable[..., UUID]) -> None:
    make_contact(email="casa@example.com")
    make_contact(phoneNumber="11987654321", email="casa@example.com")
    make_contact(phoneNumber="11987654322", email="casa@example.com")
    with pytest.raises(Conflict):
        make_contact(email="CASA@example.com")


def test_a_change_says_what_changed_and_a_stale_one_is_told(
    actor: Actor, make_contact: Callable[..., UUID], heard
) -> None:
    id_ = make_contact(**ANA)
    with write():
        service.update(actor, id_, {"name": "Ana Souza", "email": "ana@example.com", "tags": ["novo"]}, version=1)
    with pytest.raises(Conflict) as refused, write():
        service.update(actor, id_, {"name": "Eva"}, version=1)
    assert refused.value.current.name == "Ana Souza"
    assert [name for name, _ in heard] == ["contact.created", "contact.updated"]
    assert heard[1][1]["fields"] == ["name", "tags"]
    assert [entry.kind for entry in timeline.entries(db.session(), actor.account_id, id_)] == [
        "contact.updated", "contact.created"
    ]  # fmt: skip


def test_a_deleted_contact_is_gone_until_it_is_brought_back(
    actor: Actor, make_contact: Callable[..., UUID], heard
) -> None:
    id_ = make_contact(**ANA)
    with write():
        service.delete(actor, id_)
    with pytest.raises(NotFound):
        service.get(actor.account_id, id_)
    with write():
        service.restore(actor, id_)
    assert service.get(actor.account_id, id_).version == 3
    assert [name for name, _ in heard] == ["contact.created", "contact.deleted", "contact.created", "contact.restored"]


def test_it_comes_back_only_while_nobody_has_its_phone(actor: Actor, make_contact: Callable[..., UUID]) -> None:
    id_ = make_contact(**ANA)
    with write():
        service.delete(actor, id_)
    make_contact(**ANA)
    with pytest.raises(Conflict), write():
        service.restore(actor, id_)
    assert db.session.scalar(select(Contact.deleted_at).where(Contact.id == id_)) is not None


def test_of_two_who_get_one_phone_at_the_same_moment_the_second_is_told_of_the_first(
    app: Flask, actor: Actor, make_contact: Callable[..., UUID]
) -> None:
    first, second, gone = (make_contact(name=name) for name in ("Ana", "Bia", "Eva"))
    with write():
        service.update(actor, gone, {"phoneNumber": "11987654321"})
        service.delete(actor, gone)

    def too_late(verb: Callable[[], Contact]) -> UUID:
        """Its look finds nobody; then it waits for the first one's commit."""
        with app.app_context():
            with pytest.raises(Conflict) as refused, write():
                verb()
            return refused.value.current.id

    with ThreadPoolExecutor(2) as pool:
        with write():
            service.update(actor, first, {"phoneNumber": "11987654321"})
            late = [
                pool.submit(too_late, lambda: service.update(actor, second, {"phoneNumber": "1187654321"})),
                pool.submit(too_late, lambda: service.restore(actor, gone)),
            ]
            time.sleep(0.2)
        assert [one.result() for one in late] == [first, first]
