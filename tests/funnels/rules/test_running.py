"""Rules that run when a card comes into a stage: in the transaction of whoever put it there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Connection, func, select, update
from sqlalchemy.exc import IntegrityError

from app.accounts.models import User
from app.contacts import grouping
from app.contacts import service as contacts
from app.contacts.models import Contact, Tag, TimelineEntry
from app.core import clock, event_types, events
from app.core.access import Actor
from app.core.db import db, write
from app.funnels.cards import moving
from app.funnels.cards import service as cards
from app.funnels.cards.history import Doer, changes_of
from app.funnels.cards.placing import Place
from app.funnels.models import Card, CardRule, RuleRun, Stage
from app.funnels.rules import running
from app.outbound.mail.models import MailMessage
from tests.funnels.rules.conftest import card_of
from tests.people import new_user

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Make = Callable[..., Any]
Runs = Callable[[], list[tuple[str, list[str | None]]]]
HEARD = {"lead.qualified", "deal.moved", "contact.updated"}
TAG = {"kind": "add_tag", "tag": "quente"}
EMIT = {"kind": "emit", "event": "lead.qualified"}


def move(doer: Doer, card: UUID, stage: UUID, **more: Any) -> UUID:
    with write():
        return moving.move(doer, card, Place(stage), **more)[1].id


def tags_of(card: UUID) -> list[str]:
    contact = db.session.scalars(select(Contact).where(Contact.id == card_of(card).contact_id)).one()
    return [tag.name for tag in grouping.tags_of(db.session.connection(), [contact.serial]).get(contact.serial, [])]


def letters() -> int:
    return db.session.scalar(select(func.count()).select_from(MailMessage)) or 0


@pytest.fixture
def heard() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """What is told, from now on."""
    told: list[tuple[str, dict[str, Any]]] = []

    def listen(_connection: Connection, name: str, _account_id: UUID, payload: dict[str, Any]) -> None:
        event_types.public()[name].payload.model_validate(payload, extra="forbid")
        told.append((name, payload))

    for name in HEARD:
        events.subscribe(name, listen)
    yield told
    for name in HEARD:
        events.unsubscribe(name, listen)


def test_every_action_is_done_in_the_order_of_the_rule_and_noted(
    heard: list[tuple[str, dict[str, Any]]],
    app: Flask,
    actor: Actor,
    doer: Doer,
    make_funnel: Make,
    make_card: Make,
    make_rule: Make,
    stages: Make,
    runs: Runs,
) -> None:
    funnel, seller = make_funnel(), new_user(app, "operator")
    at = stages(funnel)
    actions = [
        TAG, {"kind": "set_owner", "userId": str(seller.id)}, {"kind": "notify", "to": "owner"}, EMIT,
        {"kind": "move", "stageId": str(at["lost"]), "reason": "Preço"},
    ]  # fmt: skip
    rule = make_rule(funnel, "entered", at["talking"], actions, name="Falou")
    card_id = make_card(funnel, "Ana")
    heard.clear()
    move(doer, card_id, at["talking"])

    card = card_of(card_id)
    assert (card.stage_id, card.state, card.reason, card.owner_id) == (at["lost"], "lost", "Preço", seller.id)
    assert (tags_of(card_id), letters(), runs()) == (["quente"], 1, [("done", [None] * 5)])
    assert {name for name, _payload in heard} == HEARD
    told = [payload for name, payload in heard if name == "lead.qualified"]
    assert [(one["dealId"], one["ruleId"]) for one in told] == [(str(card_id), str(rule.id))]
    by_rule = [(change.kind, change.actor, change.actor_id) for change in changes_of(db.session(), card)
               if change.rule_id == rule.id]  # fmt: skip
    assert by_rule == [("moved", "Falou", None), ("edited", "Falou", None)]
    noted = select(TimelineEntry.kind, TimelineEntry.actor).where(TimelineEntry.contact_id == card.contact_id)
    assert ("contact.updated", "Falou") in db.session.execute(noted).all()
    move(doer, card_id, at["new"])
    move(doer, card_id, at["talking"])  # another stay: once more
    assert (len(runs()), letters()) == (2, 2)


def test_a_new_card_sets_rules_off_too_and_they_set_off_others(
    doer: Doer, make_funnel: Make, make_card: Make, make_rule: Make, stages: Make, runs: Runs
) -> None:
    funnel = make_funnel()
    at = stages(funnel)
    make_rule(funnel, "entered", at["new"], [{"kind": "move", "stageId": str(at["talking"])}, TAG])
    make_rule(funnel, "entered", at["talking"], [{"kind": "move", "stageId": str(at["qualified"])}])
    make_rule(funnel, "entered", at["talking"], [EMIT], isActive=False)
    make_rule(funnel, "entered", at["qualified"], [EMIT])
    card_id = make_card(funnel)
    assert (card_of(card_id).stage_id, tags_of(card_id)) == (at["qualified"], ["quente"])
    assert runs() == [("done", [None, None]), ("done", [None]), ("done", [None])]
    change = changes_of(db.session(), card_of(card_id))[0]
    with write():
        moving.undo(doer, change.id)  # back to a stage that has rules: none runs
    assert (card_of(card_id).stage_id, len(runs())) == (at["talking"], 3)


def test_what_cannot_be_done_is_noted_and_fails_nothing_else(
    app: Flask, actor: Actor, doer: Doer, make_funnel: Make, make_card: Make, make_rule: Make, stages: Make, runs: Runs
) -> None:
    funnel, gone = make_funnel(), new_user(app, "operator")
    at = stages(funnel)
    owned = {"kind": "set_owner", "userId": str(gone.id)}
    told = [{"kind": "notify", "to": "owner"}, {"kind": "notify", "to": str(gone.id)}]
    make_rule(funnel, "entered", at["talking"], [owned, *told, TAG, {"kind": "move", "stageId": str(at["qualified"])}])
    full = {"tags": [f"t{number}" for number in range(50)]}
    card_id = make_card(funnel)
    with write() as session:
        contacts.update(actor, session.get_one(Card, card_id).contact_id, full)
        session.execute(update(Stage).where(Stage.id == at["qualified"]).values(deleted_at=clock.now()))
        session.get_one(User, gone.id).disabled_at = clock.now()
    move(doer, card_id, at["talking"])
    assert card_of(card_id).stage_id == at["talking"]
    assert runs() == [("failed", ["disabled_person", "no_owner", "disabled_person", "full", "gone_stage"])]

    with write() as session:
        session.execute(update(CardRule).values(actions=[{"kind": "magic"}, 5, {"kind": "move"}, EMIT]))
        session.execute(Tag.__table__.delete())
    move(doer, card_id, at["new"])
    move(doer, card_id, at["talking"])
    assert runs()[-1] == ("partly", ["unknown", "unknown", "gone_stage", None])


def test_a_second_open_card_is_not_made_by_a_rule(
    doer: Doer, make_funnel: Make, make_card: Make, make_rule: Make, stages: Make, runs: Runs
) -> None:
    funnel = make_funnel()
    at = stages(funnel)
    card_id = make_card(funnel)
    move(doer, card_id, at["won"])
    with write():
        cards.create(doer, funnel.id, {"contactId": db.session.get_one(Card, card_id).contact_id})
    make_rule(funnel, "entered", at["lost"], [{"kind": "move", "stageId": str(at["talking"])}, TAG])
    move(doer, card_id, at["lost"], reason="Preço")
    assert (card_of(card_id).state, runs(), tags_of(card_id)) == (
        "lost",
        [("partly", ["second_open", None])],
        ["quente"],
    )


def test_all_rules_of_a_stage_run_however_many(
    make_funnel: Make, make_card: Make, make_rule: Make, stages: Make, runs: Runs
) -> None:
    funnel = make_funnel()
    for _number in range(running.MOST + 1):
        make_rule(funnel, "entered", stages(funnel)["new"], [EMIT])
    make_card(funnel)
    assert runs() == [("done", [None])] * (running.MOST + 1)


def test_a_circle_that_is_in_the_database_all_the_same_ends_after_twenty_stages(
    doer: Doer, make_funnel: Make, make_card: Make, make_rule: Make, stages: Make, runs: Runs
) -> None:
    funnel = make_funnel()
    at = stages(funnel)
    make_rule(funnel, "entered", at["new"], [{"kind": "move", "stageId": str(at["talking"])}])
    back = make_rule(funnel, "entered", at["talking"], [EMIT])
    with write() as session:
        around = [{"kind": "move", "stageId": str(at["new"])}]
        session.execute(update(CardRule).where(CardRule.id == back.id).values(actions=around))
    card_id = make_card(funnel)
    assert runs() == [("done", [None])] * running.MOST + [("stopped", ["circle"])]
    assert (card_of(card_id).entries, db.session.info.get(running.CHAIN)) == (running.MOST + 1, None)


def test_letters_of_an_hour_have_a_limit(
    doer: Doer, make_funnel: Make, make_card: Make, make_rule: Make, stages: Make, runs: Runs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("app.funnels.rules.actions.notifying.MOST_AN_HOUR", 1)
    funnel = make_funnel()
    to = {"kind": "notify", "to": str(doer.actor.user_id)}
    make_rule(funnel, "entered", stages(funnel)["new"], [to])
    for _number in range(2):
        make_card(funnel, "ana.example.com")
    assert (letters(), runs()) == (1, [("done", [None]), ("failed", ["too_many_letters"])])


def test_who_moves_a_card_learns_nothing_of_a_rule_that_fails_in_the_database(
    doer: Doer, make_funnel: Make, make_card: Make, make_rule: Make, stages: Make, runs: Runs
) -> None:
    funnel = make_funnel()
    at = stages(funnel)
    make_rule(funnel, "entered", at["talking"], [EMIT, TAG])

    def refuse(*_given: Any) -> None:
        raise IntegrityError("INSERT", None, ValueError())

    card_id = make_card(funnel)
    events.subscribe("lead.qualified", refuse)
    try:
        move(doer, card_id, at["talking"])
    finally:
        events.unsubscribe("lead.qualified", refuse)
    assert (card_of(card_id).stage_id, runs()) == (at["talking"], [("partly", ["refused", None])])
    assert db.session.scalar(select(func.count()).select_from(RuleRun)) == 1
