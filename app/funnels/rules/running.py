"""A rule run on a card, and the rules that this sets off in turn: all in the transaction of their cause."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from app.core import clock, events
from app.core.db import db
from app.core.errors import AppError, is_database_away
from app.core.ids import uuid7
from app.funnels.models import Card, CardRule, RuleRun, Stage
from app.funnels.rules.actions.action import Acting, Scene, Undone, Why
from app.funnels.rules.actions.table import kind_of
from app.funnels.states import Outcome, Trigger

log = logging.getLogger(__name__)
MOST = 20  # stages that one cause takes a card to; circles are refused when rules are saved, this is the second line
CHAIN = "card_rules"  # in session.info, while one is going on


class Arrival(NamedTuple):
    """A card came into a stage; `entry` is its `entries` then."""

    card_id: UUID
    stage_id: UUID
    entry: int


def subscribe() -> None:
    for name in ("deal.created", "deal.moved"):
        events.subscribe(name, entered)


def entered(connection: Connection, _name: str, _account_id: UUID, payload: dict[str, Any]) -> None:
    """Runs the rules of the stage that a card came into; a move that was taken back is none."""
    session = db.session()
    if payload.get("undone") or not session.info.get("writing") or session.connection() is not connection:
        return
    card = session.get(Card, UUID(payload["dealId"]))
    if card is None:
        return
    arrival = Arrival(card.id, card.stage_id, card.entries)
    going_on: Chain | None = session.info.get(CHAIN)
    if going_on is not None:
        going_on.waiting.append(arrival)
        return
    rules = _rules_on(session, arrival.stage_id)
    if rules:
        chain = Chain(session)
        chain.start(lambda: chain.arrive(arrival, rules))


def run_due(session: Session, rule: CardRule, card: Card, entry: int) -> None:
    """Runs a rule whose time came on a card that is locked with its contact and funnel."""
    chain = Chain(session)
    chain.start(lambda: chain.run(_acting(rule), card.id, entry))


def _rules_on(session: Session, stage_id: UUID) -> list[Acting]:
    funnel = select(Stage.funnel_id).where(Stage.id == stage_id).scalar_subquery()
    mine = CardRule.funnel_id == funnel, CardRule.stage_id == stage_id, CardRule.trigger == Trigger.ENTERED
    found = select(CardRule).where(*mine, CardRule.is_active).order_by(CardRule.position, CardRule.id)
    return [_acting(rule) for rule in session.scalars(found)]


def _acting(rule: CardRule) -> Acting:
    return Acting(rule.id, rule.account_id, rule.funnel_id, rule.name, list(rule.actions))


class Chain:
    """What one cause sets off, one rule after the other: those of the first stage, then those of the stages that their
    actions moved the card to."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.waiting: list[Arrival] = []
        self._left = MOST

    def start(self, first: Any) -> None:
        self.session.info[CHAIN] = self
        try:
            first()
            while self.waiting:
                arrival = self.waiting.pop(0)
                self.arrive(arrival, _rules_on(self.session, arrival.stage_id))
        finally:
            del self.session.info[CHAIN]

    def arrive(self, arrival: Arrival, rules: list[Acting]) -> None:
        self._left -= 1
        for rule in rules:
            self.run(rule, arrival.card_id, arrival.entry)

    def run(self, rule: Acting, card_id: UUID, entry: int) -> None:
        """Once for each stay in a stage: the caller has the funnel locked, so nobody else runs it meanwhile. Those of
        the stage that is too many are noted as stopped, which ends the chain."""
        ran = RuleRun.rule_id == rule.id, RuleRun.card_id == card_id, RuleRun.entry == entry
        if self.session.scalar(select(RuleRun.id).where(*ran)) is not None:
            return
        if self._left < 0:
            self.waiting.clear()
            self._note(rule, card_id, entry, Outcome.STOPPED, [{"why": Why.CIRCLE}])
            return
        steps = [self._act(rule, card_id, action) for action in rule.actions]
        failed = sum(1 for step in steps if "why" in step)
        outcome = Outcome.DONE if not failed else Outcome.PARTLY if failed < len(steps) else Outcome.FAILED
        self._note(rule, card_id, entry, outcome, steps)

    def _act(self, rule: Acting, card_id: UUID, action: Any) -> dict[str, Any]:
        """Does one action in a savepoint, so that what fails takes nothing else with it; the step as it is kept."""
        kind = kind_of(action)
        if kind is None:
            return {"action": {}, "why": Why.UNKNOWN}
        before = list(self.waiting)
        try:
            with self.session.begin_nested():
                kind.run(Scene(self.session, rule, self.session.get_one(Card, card_id)), action)
        except Undone as error:
            why = error.why
        except AppError:
            why = Why.REFUSED
        except Exception as error:
            if is_database_away(error):
                raise
            log.exception("an action of a rule met a defect; whoever moved the card is not to suffer from it")
            why = Why.REFUSED
        else:
            return {"action": action}
        self.waiting[:] = before
        return {"action": action, "why": why}

    def _note(self, rule: Acting, card_id: UUID, entry: int, outcome: Outcome, steps: list[Any]) -> None:
        self.session.add(
            RuleRun(
                id=uuid7(),
                account_id=rule.account_id,
                funnel_id=rule.funnel_id,
                rule_id=rule.id,
                rule_name=rule.name,
                card_id=card_id,
                entry=entry,
                outcome=outcome,
                steps=steps,
                at=clock.now(),
            )
        )
        self.session.flush()
