"""Rules whose time came: once for each stay, once for each card with a tag, however often the sweep runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.contacts import service as contacts
from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from app.core.queue import connect
from app.core.runtime import runtime
from app.core.valkey import redis_url
from app.funnels.cards import moving
from app.funnels.cards import service as cards
from app.funnels.cards.history import Doer
from app.funnels.cards.placing import Place
from app.funnels.models import Card
from app.funnels.rules import service, sweep
from app.outbound.mail.models import MailMessage
from app.work import card_rules
from app.work.rq_workers import JOBS_QUEUE, queue_of
from tests.funnels.rules.conftest import card_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Make = Callable[..., Any]
Runs = Callable[[], list[tuple[str, list[str | None]]]]


def wait(card_id: UUID, days: float) -> None:
    with write() as session:
        session.execute(update(Card).where(Card.id == card_id).values(entered_at=clock.now() - timedelta(days=days)))


def test_a_card_that_stayed_is_acted_on_once_for_each_stay(
    app: Flask, doer: Doer, make_funnel: Make, make_card: Make, make_rule: Make, stages: Make, runs: Runs
) -> None:
    funnel = make_funnel()
    at = stages(funnel)
    to = {"kind": "notify", "to": str(doer.actor.user_id)}
    old, young, gone, won = (make_card(funnel) for _number in range(4))
    make_rule(funnel, "stayed", at["new"], [to], days=3)
    with write():
        cards.remove(doer, gone)
        moving.move(doer, won, Place(at["won"]))
    for card_id in (old, gone, won):
        wait(card_id, 3.1)
    wait(young, 2.9)
    assert [sweep.sweep(app) for _again in range(2)] == [1, 0]
    assert runs() == [("done", [None])]
    assert db.session.scalar(select(func.count()).select_from(MailMessage)) == 1
    for stage in ("talking", "new"):
        with write():
            moving.move(doer, old, Place(at[stage]))
    assert sweep.sweep(app) == 0
    wait(old, 4)
    assert (sweep.sweep(app), sweep.sweep(app), len(runs())) == (1, 0, 2)


def test_a_contact_with_the_tag_has_its_open_cards_acted_on_once(
    app: Flask, actor: Actor, doer: Doer, make_funnel: Make, make_card: Make, make_rule: Make, stages: Make, runs: Runs
) -> None:
    funnel, other = make_funnel(), make_funnel("Outro")
    at = stages(funnel)
    card_id, _without, elsewhere = make_card(funnel), make_card(funnel), make_card(other)
    make_rule(funnel, "tagged", "quente", [{"kind": "move", "stageId": str(at["talking"])}])
    make_rule(funnel, "entered", at["talking"], [{"kind": "move", "stageId": str(at["qualified"])}])
    assert sweep.sweep(app) == 0
    for one in (card_id, elsewhere):
        with write() as session:
            contacts.update(actor, session.get_one(Card, one).contact_id, {"tags": ["Quente"]})
    assert (sweep.sweep(app), sweep.sweep(app), runs()) == (1, 0, [("done", [None])] * 2)
    assert card_of(card_id).stage_id == at["qualified"]
    with write():
        moving.move(doer, card_id, Place(at["new"]))
    assert (sweep.sweep(app), card_of(card_id).stage_id) == (0, at["new"])


def kill_in_the_midst(app: Flask, rule_id: UUID, card_id: UUID) -> None:
    with app.app_context(), write() as session:
        sweep._run(session, rule_id, card_id)
        raise KeyboardInterrupt


def test_a_sweep_that_is_killed_goes_on_where_it_was(
    app: Flask, make_funnel: Make, make_card: Make, make_rule: Make, stages: Make, runs: Runs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(sweep, "PART", 2)
    funnel = make_funnel()
    waiting = [make_card(funnel) for _number in range(5)]
    rule = make_rule(funnel, "stayed", stages(funnel)["new"], [{"kind": "emit", "event": "lead.qualified"}], days=1)
    for card_id in waiting:
        wait(card_id, 2)
    with pytest.raises(KeyboardInterrupt):
        kill_in_the_midst(app, rule.id, waiting[0])
    assert runs() == []
    with app.app_context(), write() as session:
        assert sweep._run(session, rule.id, waiting[0])
    assert (sweep.sweep(app), len(runs())) == (4, 5)


def test_rules_that_are_off_do_nothing_until_they_are_switched_on(
    app: Flask, actor: Actor, make_funnel: Make, make_card: Make, make_rule: Make, stages: Make
) -> None:
    funnel = make_funnel()
    emit = [{"kind": "emit", "event": "lead.qualified"}]
    rule = make_rule(funnel, "stayed", stages(funnel)["new"], emit, days=1, isActive=False)
    wait(make_card(funnel), 2)
    assert (sweep.sweep(app), sweep.count_fitting(db.session(), rule)) == (0, 1)
    with write():
        service.update(actor, funnel.id, rule.id, {"isActive": True})
    assert (sweep.sweep(app), sweep.count_fitting(db.session(), rule)) == (1, 0)


def test_the_ticker_rings_when_something_is_due_and_never_twice(
    app: Flask, make_funnel: Make, make_card: Make, make_rule: Make, stages: Make
) -> None:
    funnel, valkey = make_funnel(), connect(redis_url(runtime(app).settings))
    make_rule(funnel, "stayed", stages(funnel)["new"], [{"kind": "emit", "event": "lead.qualified"}], days=1)
    card_id = make_card(funnel)
    engine = runtime(app).engine
    assert card_rules.ring(engine, valkey) is False
    wait(card_id, 2)
    assert [card_rules.ring(engine, valkey) for _again in range(2)] == [True, False]
    assert queue_of(JOBS_QUEUE, valkey).job_ids == [card_rules.JOB]
