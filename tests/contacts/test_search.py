"""Finding contacts by parts of what they are."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask

from app.contacts import reading, search
from app.contacts.filters import Filters
from app.core.access import Actor
from app.core.db import db
from tests.people import new_account

PEOPLE = (
    {"name": "Ana São João", "phoneNumber": "(11) 98765-4321", "email": "ana@example.com", "company": "Padaria Pão"},
    {"name": "José da Silva", "phoneNumber": "+55 21 3333-4444", "email": "ze_100%@example.com"},
    {"name": 'O "Quote" Silva', "phoneNumber": "+1 202 555 0123"},
)
CASES = [
    ("ana sao", {"Ana São João"}),
    ("JOÃO ana", {"Ana São João"}),
    ("pao", {"Ana São João"}),
    ("silva", {"José da Silva", 'O "Quote" Silva'}),
    ("da silva", {"José da Silva"}),
    ("98765-4321", {"Ana São João"}),
    ("11 8765-4321", {"Ana São João"}),
    ("(011) 98765", {"Ana São João"}),
    ("2025550123", {'O "Quote" Silva'}),
    ("_100%", {"José da Silva"}),
    ('"quote"', {'O "Quote" Silva'}),
    ("jo", {"José da Silva"}),
    ("11", {"Ana São João"}),
    ("1", {"Ana São João", 'O "Quote" Silva'}),
    ("zzzz", set()),
    ("' OR 1=1 --", set()),
    ("NEAR(ana* AND", set()),
    ("   ", {person["name"] for person in PEOPLE}),
]


def found(account_id: UUID, typed: str, **options: object) -> set[str]:
    page = reading.page_of(db.session(), account_id, Filters(text=typed), **options)
    assert page.total == len(page.rows)
    return {row.contact.name for row in page.rows}


def test_fragments_find_people(app: Flask, actor: Actor, make_contact: Callable[..., UUID], monkeypatch) -> None:
    other = Actor(new_account(app), None, "system")
    for person in PEOPLE:
        make_contact(**person)
        make_contact(other, **{**person, "name": f"{person['name']} de outra"})
    for typed, names in CASES:
        assert found(actor.account_id, typed) == names, typed
        assert found(actor.account_id, typed, sort="name") == names, typed


@pytest.mark.parametrize("typed", ["silva", "jo", "", "555"])
def test_pages_follow_each_other_in_every_order(actor: Actor, make_contact: Callable[..., UUID], typed: str) -> None:
    for number in range(7):
        make_contact(name=f"João Silva {number}", phoneNumber=f"+1 202 555 01{number}0")
    for sort in ("-createdAt", "createdAt", "name", "-name", "updatedAt"):
        names, after = [], None
        while True:
            page = reading.page_of(db.session(), actor.account_id, Filters(text=typed), sort=sort, after=after, limit=3)
            names += [row.contact.name for row in page.rows]
            if (after := page.next) is None:
                break
        expected = [f"João Silva {number}" for number in range(7)]
        assert names == (expected[::-1] if sort.startswith("-") else expected), (sort, names)


def test_what_many_fit_is_found_along_the_order(actor: Actor, make_contact: Callable[..., UUID]) -> None:
    """The second way of `page_of`, for more hits than are counted."""
    for number in range(3):
        make_contact(name=f"Silva {number}")
    wanted = search.Wanted.of("silva")
    assert wanted is not None
    condition = wanted.condition("55", by_index=False)
    shown = search.page_of(db.session(), actor.account_id, [condition], [search.Contact.serial.desc()], limit=2)
    assert [contact.name for contact in shown.rows] == ["Silva 2", "Silva 1"]


def test_a_tag_and_a_category_narrow_the_list_and_what_is_searched_in_it(actor: Actor, make_contact, category) -> None:
    for number in range(6):
        make_contact(
            name=f"João Silva {number}",
            tags=["Vip"] if number % 2 else [],
            categoryIds=[category] if number > 2 else [],
        )
    for wanted, numbers in (
        (Filters(tag="VIP"), [5, 3, 1]),
        (Filters(category=category), [5, 4, 3]),
        (Filters(category=category, tag="vip"), [5, 3]),
        (Filters(category=category, tag="vip", text="silva"), [5, 3]),
        (Filters(tag="nope"), []),
    ):
        for sort in ("-createdAt", "-name", "-updatedAt"):
            page = reading.page_of(db.session(), actor.account_id, wanted, sort=sort, limit=2)
            names = [row.contact.name for row in page.rows]
            if page.next:
                following = reading.page_of(db.session(), actor.account_id, wanted, sort=sort, limit=2, after=page.next)
                names += [row.contact.name for row in following.rows]
            assert names == [f"João Silva {number}" for number in numbers], (wanted, sort)
            assert page.total == len(numbers)
        parts = reading.parts(db.session(), actor.account_id, wanted, size=2)
        assert [one.name for part in parts for one in part] == [f"João Silva {number}" for number in numbers[::-1]]
