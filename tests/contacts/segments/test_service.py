"""Segments as the service keeps them, and what becomes of one whose things are gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from app.accounts.models import AuditEntry
from app.contacts.fields.models import CustomField
from app.contacts.models import Contact, Tag
from app.contacts.segments import counting, service, words
from app.contacts.segments.conditions import condition, segment_condition
from app.contacts.segments.models import Segment
from app.contacts.segments.repointing import repoint_tag
from app.core.access import Actor
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, NotFound
from tests.contacts.segments.conftest import ANAS
from tests.contacts.segments.test_conditions import custom_field
from tests.people import new_account, new_user

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Make = Callable[..., UUID]


def names_in(actor: Actor, rule: dict[str, Any]) -> list[str]:
    found = condition(db.session(), actor.account_id, rule)
    return sorted(db.session.scalars(select(Contact.name).where(Contact.account_id == actor.account_id, found)))


def test_a_segment_is_made_counted_changed_and_deleted(actor: Actor, make_segment: Make, make_contact: Make) -> None:
    for name in ("Ana", "Anita", "Bia"):
        make_contact(name=name, tags=["VIP"] if name == "Anita" else [])
    id_ = make_segment()
    count = counting.count(db.session(), actor.account_id, service.get(actor.account_id, id_).rule)
    vip = {"all": [ANAS, {"field": "tag", "op": "has_not", "value": "vip"}]}
    with write():
        service.update(actor, id_, {"rule": vip}, version=1)
        service.update(actor, id_, {"name": "Anas sem VIP"}, version=2)
    found = db.session.scalars(select(Contact.name).where(segment_condition(db.session(), actor.account_id, id_)))

    assert (count.number, count.more, list(found)) == (1, False, ["Ana"])
    with write():
        service.delete(actor, id_)
    with pytest.raises(NotFound):
        segment_condition(db.session(), actor.account_id, id_)
    actions = [entry.action for entry in db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))]
    assert actions == ["segment.created", "segment.updated", "segment.updated", "segment.deleted"]


@sqlite
def test_a_taken_name_a_stale_version_and_a_strangers_segment_are_refused(
    app: Flask, actor: Actor, make_segment: Make
) -> None:
    id_, other = make_segment(), make_segment(name="Outros")
    stranger = new_user(app, "admin", new_account(app))
    for values, version in (({"name": "ÁNAS"}, None), ({"name": "Novo"}, 7)):
        with pytest.raises(Conflict), write():
            service.update(actor, other, values, version=version)
    with pytest.raises(Conflict), write():
        service.create(actor, {"name": "anas", "rule": ANAS})
    with pytest.raises(NotFound), write():
        service.update(Actor(stranger.account_id, stranger.id, stranger.email), id_, {"name": "X"})


@sqlite
def test_all_that_is_wrong_is_told_at_once(actor: Actor, make_segment: Make) -> None:
    with pytest.raises(Invalid) as refused, write():
        service.create(actor, {"name": " ", "description": "x" * 501, "rule": {"all": []}})
    assert set(refused.value.fields) == {"name", "description", "rule.all"}


def test_what_a_rule_names_and_is_gone_widens_no_audience(actor: Actor, make_segment: Make, make_contact: Make) -> None:
    with write() as session:
        session.add(custom_field(actor, "points", "number"))
    make_contact(name="Ana", tags=["VIP"], customFields={"points": 7})
    make_contact(name="Bia")
    tag = {"field": "tag", "op": "has", "value": str(db.session.scalar(select(Tag.id)))}
    points = {"field": "custom:points", "op": "more", "value": 5}
    rules = [
        tag,
        points,
        {"not": tag},
        {"not": points},
        {"any": [points, {"field": "name", "op": "is", "value": "bia"}]},
    ]
    before = [names_in(actor, rule) for rule in rules]
    id_ = make_segment(name="Pontos", rule={"all": [points, tag]})
    with write() as session:
        session.execute(delete(Tag))
        session.execute(delete(CustomField))
    after = [names_in(actor, rule) for rule in rules]
    told = service.told(db.session(), actor.account_id, [service.get(actor.account_id, id_).rule])[0]

    assert before == [["Ana"], ["Ana"], ["Bia"], ["Bia"], ["Ana", "Bia"]]
    assert after == [[], [], [], [], ["Bia"]]
    assert words.sentence(told.node, told.there).count(str(words.MISSING)) == 2


@sqlite
def test_a_value_of_another_kind_and_a_rule_that_nobody_reads_fit_nobody(actor: Actor, make_contact: Make) -> None:
    with write() as session:
        session.add(custom_field(actor, "points", "text"))
    make_contact(name="Ana", customFields={"points": "12"})
    with write() as session:
        session.execute(update(CustomField).values(kind="number"))

    assert names_in(actor, {"field": "custom:points", "op": "more", "value": 5}) == []
    assert names_in(actor, {"field": "custom:points", "op": "is_empty"}) == ["Ana"]
    assert names_in(actor, {"boom": 1}) == []
    assert counting.count(db.session(), actor.account_id, {"boom": 1}).number == 0


@sqlite
def test_segments_are_a_choice_by_name(actor: Actor, make_segment: Make) -> None:
    make_segment(name="Zebra")
    make_segment(name="Água")
    assert [name for _id, name in service.choices(db.session(), actor.account_id)] == ["Água", "Zebra"]
    assert db.session.query(Segment).count() == 2


@sqlite
def test_a_rule_follows_a_tag_into_the_one_it_is_merged_with(
    actor: Actor, make_segment: Make, make_contact: Make
) -> None:
    make_contact(name="Ana", tags=["VIP"])
    make_contact(name="Bia", tags=["Ouro"])
    old, new = (db.session.scalar(select(Tag.id).where(Tag.name == name)) for name in ("VIP", "Ouro"))
    id_ = make_segment(rule={"all": [ANAS, {"not": {"field": "tag", "op": "has", "value": "VIP"}}]})
    with write() as session:
        assert repoint_tag(session.connection(), actor.account_id, old, new) == 1
        assert repoint_tag(session.connection(), actor.account_id, old, new) == 0

    segment = service.get(actor.account_id, id_)
    assert (segment.version, names_in(actor, segment.rule)) == (2, ["Ana"])
