"""Rules for tests: made by the service, in a funnel of the pattern "leads"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.access import Actor
from app.core.db import db, write
from app.funnels.models import Card, CardRule, Funnel, RuleRun
from app.funnels.rules import service
from tests.funnels.cards.conftest import Deal, make_deal


@pytest.fixture
def make_rule(actor: Actor) -> Callable[..., CardRule]:
    """`make_rule(funnel, "entered", stage_id, [{"kind": …}], days=…)`; of a tag, its name stands for the stage."""

    def make(funnel: Funnel, trigger: str, at: Any, actions: list[Any], **more: Any) -> CardRule:
        waits = {"tag": at} if trigger == "tagged" else {"stageId": str(at)}
        values = {"name": more.pop("name", "Regra"), "trigger": trigger, **waits, "actions": actions, **more}
        with write():
            return service.create(actor, funnel.id, values)

    return make


@pytest.fixture
def runs() -> Callable[[], list[tuple[str, list[str | None]]]]:
    """All runs in their order: outcome, and why of each step (None: it was done)."""

    def read() -> list[tuple[str, list[str | None]]]:
        db.session.rollback()
        rows = db.session.scalars(select(RuleRun).order_by(RuleRun.id))
        return [(row.outcome, [step.get("why") for step in row.steps]) for row in rows]

    return read


@pytest.fixture
def deal(app: Flask) -> Deal:
    """For tests that come as a browser or a program does."""
    return make_deal(app)


def rule_of(deal: Deal, at: str, to: str, **more: Any) -> UUID:
    """A rule that moves on what enters a stage; its name is that of the stage."""
    values = {"name": at, "trigger": "entered", "stageId": str(deal.stages[at]), "actions": to_stage(deal, to)}
    with deal.writing():
        return service.create(deal.actor, deal.funnel, values | more).id


def to_stage(deal: Deal, stage: str) -> list[dict[str, str]]:
    return [{"kind": "move", "stageId": str(deal.stages[stage])}]


def rules_in(deal: Deal) -> list[CardRule]:
    with deal.app.app_context():
        return list(db.session.scalars(select(CardRule).order_by(CardRule.position)))


def card_of(id: Any) -> Card:
    db.session.rollback()
    return db.session.get_one(Card, id)
