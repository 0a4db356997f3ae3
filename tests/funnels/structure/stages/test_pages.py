"""The pages of stages: added, changed, put in order without a script, deleted; who may, and what is refused."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.contacts import service as contacts
from app.contacts.service import Source
from app.core.access import Actor
from app.core.db import db, write
from app.core.ids import uuid7
from app.funnels.cards import service as cards
from app.funnels.cards.history import Doer
from app.funnels.models import Card, Funnel, Stage
from app.funnels.structure import reading
from tests.people import Browser, new_account, new_user, sign_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PROPOSTA = {"name": "Proposta", "kind": "open", "chance": "60", "stalled_after": "7", "color": "#ae3ec9"}


def made(app: Flask, person: Browser, name: str = "Vendas", pattern: str = "leads") -> UUID:
    person.submit("/funnels", {"name": name, "pattern": pattern})
    with app.app_context():
        return db.session.scalars(select(Funnel.id).where(Funnel.name == name)).one()


def stages_now(app: Flask, funnel_id: UUID) -> list[Stage]:
    with app.app_context():
        found = list(reading.stages_of(db.session(), funnel_id))
    assert [stage.position for stage in found] == list(range(len(found)))
    return found


def with_card(app: Flask, person: Browser, funnel_id: UUID) -> UUID:
    actor = Actor(person.person.account_id, person.person.id, person.person.email)
    with app.app_context(), write():
        contact = contacts.create(actor, {"name": "Ana"}, Source.FORM)
        return cards.create(Doer(actor), funnel_id, {"contactId": contact.id}).id


def test_a_stage_is_added_changed_and_moved_up_and_a_stale_order_is_told(app: Flask, manager: Browser) -> None:
    id_ = made(app, manager, pattern="empty")
    edit = f"/funnels/{id_}/edit"
    assert 'value="#ae3ec9"' in manager.get(f"/funnels/{id_}/stages/new").text
    assert manager.submit(f"/funnels/{id_}/stages", PROPOSTA).location == edit
    stage = stages_now(app, id_)[1]
    assert (stage.name, stage.chance, stage.stalled_after) == ("Proposta", 60, 7)
    own = {**PROPOSTA, "name": "Oferta", "stalled_after": "", "color": "own", "own_color": "#ABCDEF", "version": "1"}
    assert manager.submit(f"/funnels/{id_}/stages/{stage.id}/edit", own).status_code == 303
    stage = stages_now(app, id_)[1]
    assert (stage.name, stage.color, stage.stalled_after) == ("Oferta", "#abcdef", None)
    stale = manager.submit(f"/funnels/{id_}/stages/{stage.id}/edit", own)
    assert (stale.status_code, "Outra pessoa alterou isto" in stale.text) == (422, True)

    before = [str(stage.id) for stage in stages_now(app, id_)]
    with app.app_context():
        version = str(reading.get(stage.account_id, id_).version)
    order = {"stage": before, "version": version, "up": before[1]}
    moved = manager.submit(f"/funnels/{id_}/stages/order", order, htmx=True)
    assert (moved.status_code, "#funnels-form input" in moved.text) == (200, True)
    assert [str(stage.id) for stage in stages_now(app, id_)] == [before[1], before[0], *before[2:]]
    stale = manager.submit(f"/funnels/{id_}/stages/order", order, htmx=True)
    assert (stale.status_code, "Outra pessoa alterou as etapas" in stale.text) == (422, True)
    assert "#funnels-form input" not in stale.text
    odd = {"stage": ["x", before[0]], "version": str(int(version) + 1), "down": "y"}
    assert manager.submit(f"/funnels/{id_}/stages/order", odd).location == edit
    assert [stage.name for stage in stages_now(app, id_)][:2] == ["Oferta", "Novo"]


def test_what_makes_no_sense_is_shown_beside_its_field(app: Flask, admin: Browser) -> None:
    id_ = made(app, admin)
    first = stages_now(app, id_)[0]
    with_card(app, admin, id_)
    for change, expected in (
        ({"name": "novo"}, "Já existe uma etapa com este nome"),
        ({"name": "\u3164"}, 'id="name-error"'),
        ({"chance": "x"}, 'id="chance-error"'),
        ({"chance": "101"}, 'id="chance-error"'),
        ({"stalled_after": "-1"}, 'id="stalled_after-error"'),
        ({"kind": "odd"}, 'id="kind-error"'),
        ({"color": "own", "own_color": '"><script>'}, 'id="own_color-error"'),
    ):
        answer = admin.submit(f"/funnels/{id_}/stages", PROPOSTA | change, htmx=True)
        assert (answer.status_code, expected in answer.text) == (422, True), change
    closed = {**PROPOSTA, "kind": "won", "version": "1"}
    answer = admin.submit(f"/funnels/{id_}/stages/{first.id}/edit", closed)
    assert (answer.status_code, "enquanto há cartões na etapa" in answer.text) == (422, True)


def test_a_stage_is_deleted_when_it_is_said_where_its_cards_go(app: Flask, manager: Browser) -> None:
    id_ = made(app, manager)
    at = dict(
        zip(("new", "talking", "qualified", "won", "lost"), [one.id for one in stages_now(app, id_)], strict=True)
    )
    card = with_card(app, manager, id_)
    url = f"/funnels/{id_}/stages/{at['new']}/delete"
    asked = manager.get(url).text
    assert "Há 1 cartão nesta etapa" in asked
    assert "Escolheu outra empresa" in asked
    for form, expected in (
        ({}, "Cartões nesta etapa: 1"),
        ({"to": str(at["new"])}, 'id="to-error"'),
        ({"to": str(at["lost"])}, 'id="reason-error"'),
        ({"to": str(at["talking"]), "version": "9"}, 'name="version" type="hidden" value="1"'),
    ):
        answer = manager.submit(url, form, htmx=True)
        assert (answer.status_code, expected in answer.text) == (422, True), form
    to_lost = {"to": str(at["lost"]), "reason": "Preço", "version": "1"}
    assert manager.submit(url, to_lost).location == f"/funnels/{id_}/edit"
    with app.app_context():
        found = db.session.execute(select(Card.stage_id, Card.reason).where(Card.id == card)).one()
    assert (tuple(found), len(stages_now(app, id_))) == ((at["lost"], "Preço"), 4)
    assert manager.submit(f"/funnels/{id_}/stages/{at['talking']}/delete").status_code == 303
    last = manager.submit(f"/funnels/{id_}/stages/{at['qualified']}/delete")
    assert (last.status_code, "pelo menos uma etapa aberta" in last.text) == (422, True)


def test_operators_change_nothing_and_strangers_find_nothing(app: Flask, admin: Browser, operator: Browser) -> None:
    id_, other = made(app, admin), made(app, admin, "Outro")
    stage = f"/funnels/{id_}/stages/{stages_now(app, id_)[0].id}"
    paths = [f"/funnels/{id_}/stages/new", f"{stage}/edit", f"{stage}/delete"]
    posts = [f"/funnels/{id_}/stages", f"/funnels/{id_}/stages/order", *paths[1:]]
    stranger = sign_in(app, new_user(app, "admin", new_account(app)))
    for person, status in ((operator, 403), (stranger, 404)):
        assert [person.get(path).status_code for path in paths] == [status] * 3
        assert [person.submit(path, PROPOSTA).status_code for path in posts] == [status] * 4
    for odd in (stages_now(app, other)[0].id, uuid7(), "x"):
        assert admin.get(f"/funnels/{id_}/stages/{odd}/edit").status_code == 404
