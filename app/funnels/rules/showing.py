"""Rules and runs as pages show them: with names, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contacts.models import Contact
from app.funnels.models import Card, CardRule, RuleRun
from app.funnels.rules import names, reading, words
from app.funnels.rules.actions.table import kind_of
from app.funnels.rules.names import Ref


class Step(NamedTuple):
    """`why`: it could not be done."""

    text: str
    why: str | None


@dataclass(frozen=True, slots=True)
class RunLine:
    at: datetime
    rule: str
    outcome: str
    tone: str
    steps: list[Step]
    funnel_id: UUID
    card_id: UUID
    contact: str  # empty for one without a name


@dataclass(frozen=True, slots=True)
class RuleLine:
    id: UUID
    name: str
    sentence: str
    is_active: bool
    needs_attention: bool
    number: int
    last_at: datetime | None
    version: int


def rules_of(session: Session, account_id: UUID, funnel_id: UUID) -> list[RuleLine]:
    """The rules of a funnel, in their order."""
    rules = reading.rules_of(session, account_id, funnel_id)
    there, ran = reading.names_of(session, account_id, rules), reading.ran_lately(session, account_id, funnel_id)
    return [_rule_line(rule, there, ran.get(rule.id)) for rule in rules]


def _rule_line(rule: CardRule, there: names.Names, ran: reading.Ran | None) -> RuleLine:
    return RuleLine(
        rule.id,
        rule.name,
        words.sentence(rule, there),
        rule.is_active,
        reading.needs_attention(rule, there),
        ran.number if ran else 0,
        ran.last_at if ran else None,
        rule.version,
    )


def runs_in(session: Session, account_id: UUID, funnel_id: UUID) -> list[RunLine]:
    """What the rules of a funnel did, the latest first."""
    return lines(session, account_id, reading.runs_in(session, account_id, funnel_id))


def runs_of(session: Session, card: Card) -> list[RunLine]:
    """What rules did to a card, the latest first: for `funnels/rules/_runs.html`, as `rule_runs`."""
    return lines(session, card.account_id, reading.runs_of(session, card))


def lines(session: Session, account_id: UUID, runs: Sequence[RuleRun]) -> list[RunLine]:
    there = names.read(session, account_id, {ref for run in runs for ref in _refs(run)})
    rows = select(Card.id, Contact.name).join(Contact, Contact.id == Card.contact_id)
    mine = rows.where(Card.account_id == account_id, Card.id.in_({run.card_id for run in runs}))
    contacts = {row.id: row.name for row in session.execute(mine)} if runs else {}
    return [_run_line(run, there, contacts.get(run.card_id, "")) for run in runs]


def _refs(run: RuleRun) -> list[Ref]:
    actions = [step.get("action") for step in run.steps]
    found = [kind.refers(action) for action in actions if (kind := kind_of(action)) is not None and action]
    return [ref for ref in found if ref is not None]


def _run_line(run: RuleRun, there: names.Names, contact: str) -> RunLine:
    outcome, tone = words.OUTCOMES[run.outcome]
    steps = [
        Step(
            words.of_action(step["action"], there) if step.get("action") else "",
            words.of_why(step["why"]) if "why" in step else None,
        )
        for step in run.steps
    ]
    return RunLine(run.at, run.rule_name, str(outcome), tone, steps, run.funnel_id, run.card_id, contact)
