"""Rules and what they did, read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import db
from app.core.errors import NotFound
from app.funnels.models import Card, CardRule, RuleRun
from app.funnels.rules import names
from app.funnels.rules.actions.table import kind_of
from app.funnels.rules.circles import Link
from app.funnels.rules.names import Names, Ref, RefKind
from app.funnels.states import Trigger

LATELY = timedelta(days=30)
SHOWN = 50


class Ran(NamedTuple):
    """Of a rule, in the last 30 days."""

    number: int
    last_at: datetime


def get(account_id: UUID, funnel_id: UUID | None, id: UUID | None) -> CardRule:
    """Raises NotFound, also for another funnel's and another account's."""
    mine = CardRule.account_id == account_id, CardRule.funnel_id == funnel_id, CardRule.id == id
    wanted = select(CardRule).where(*mine).execution_options(populate_existing=True)
    found = db.session.scalar(wanted) if id is not None and funnel_id is not None else None
    if found is None:
        raise NotFound
    return found


def rules_of(session: Session, account_id: UUID, funnel_id: UUID) -> Sequence[CardRule]:
    """In their order."""
    mine = select(CardRule).where(CardRule.account_id == account_id, CardRule.funnel_id == funnel_id)
    return session.scalars(mine.order_by(CardRule.position, CardRule.id)).all()


def source_of(rule: CardRule) -> Ref | None:
    """What it waits for."""
    if rule.trigger == Trigger.TAGGED:
        return Ref(RefKind.TAG, rule.tag_id) if rule.tag_id else None
    return Ref(RefKind.STAGE, rule.stage_id) if rule.stage_id else None


def link_of(rule: CardRule) -> Link | None:
    """For the search of circles; None for a rule that waits for nothing any more."""
    source = source_of(rule)
    kinds = ((kind_of(action), action) for action in rule.actions)
    targets = [kind.leads_to(action) for kind, action in kinds if kind is not None]
    return Link(source, tuple(target for target in targets if target is not None)) if source else None


def refs_of(rule: CardRule) -> list[Ref]:
    """Everything it names."""
    kinds = ((kind_of(action), action) for action in rule.actions)
    found = [source_of(rule), *(kind.refers(action) for kind, action in kinds if kind is not None)]
    return [ref for ref in found if ref is not None]


def names_of(session: Session, account_id: UUID, rules: Iterable[CardRule]) -> Names:
    return names.read(session, account_id, {ref for rule in rules for ref in refs_of(rule)})


def needs_attention(rule: CardRule, there: Names) -> bool:
    """Whether something that it names is gone, or an action is of a kind that this version does not know."""
    return any(not there.is_there(ref) for ref in refs_of(rule)) or any(kind_of(one) is None for one in rule.actions)


def ran_lately(session: Session, account_id: UUID, funnel_id: UUID) -> dict[UUID, Ran]:
    """rule -> how often it ran in the last 30 days, and when last."""
    mine = RuleRun.funnel_id == funnel_id, RuleRun.account_id == account_id, RuleRun.at >= clock.now() - LATELY
    counted = select(RuleRun.rule_id, func.count(), func.max(RuleRun.at)).where(*mine).group_by(RuleRun.rule_id)
    return {rule_id: Ran(number, last_at) for rule_id, number, last_at in session.execute(counted)}


def runs_in(session: Session, account_id: UUID, funnel_id: UUID, limit: int = SHOWN) -> Sequence[RuleRun]:
    """Of all rules of a funnel, the latest first."""
    mine = select(RuleRun).where(RuleRun.account_id == account_id, RuleRun.funnel_id == funnel_id)
    return session.scalars(mine.order_by(RuleRun.at.desc(), RuleRun.id.desc()).limit(limit)).all()


def runs_of(session: Session, card: Card, limit: int = SHOWN) -> Sequence[RuleRun]:
    """On one card, the latest first."""
    mine = select(RuleRun).where(RuleRun.account_id == card.account_id, RuleRun.card_id == card.id)
    return session.scalars(mine.order_by(RuleRun.at.desc(), RuleRun.id.desc()).limit(limit)).all()
