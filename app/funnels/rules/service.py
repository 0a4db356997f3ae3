"""The verbs on rules, shared by pages and API, inside a write transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.models import Account
from app.core import clock
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid
from app.core.ids import uuid7
from app.funnels.models import CardRule
from app.funnels.rules import circles, names, reading
from app.funnels.rules.checking import check, complete
from app.funnels.structure import reading as funnels

MAX_RULES = 50  # of a funnel
TOO_MANY = _l("There are too many rules in this funnel.")
AUDITED = ("name", "is_active", "trigger", "stage_id", "tag_id", "days", "actions", "position")


def create(actor: Actor, funnel_id: UUID | None, values: Mapping[str, Any]) -> CardRule:
    """A new rule, the last of its funnel. `values`: those of `checking.check`; `name`, `trigger` and `actions` are
    needed, and what the trigger needs. Raises NotFound, Invalid by these names, also for a rule that would go round in
    circles with others, or Conflict when there are too many."""
    session, now = db.session(), clock.now()
    funnel = funnels.get(actor.account_id, funnel_id)
    clean = check(session, funnel, {"name": None, "trigger": None, "actions": None} | dict(values))
    _lock_account(session, actor.account_id)
    there = reading.rules_of(session, actor.account_id, funnel.id)
    if len(there) >= MAX_RULES:
        raise Conflict(TOO_MANY)
    rule = CardRule(
        **({"is_active": True, "stage_id": None, "tag_id": None, "days": None} | clean),
        id=uuid7(),
        account_id=actor.account_id,
        funnel_id=funnel.id,
        position=max((one.position for one in there), default=-1) + 1,
        created_by=actor.user_id,
        created_at=now,
        updated_at=now,
    )
    complete(session, funnel, rule)
    _refuse_circle(session, rule)
    session.add(rule)
    session.flush()
    audit.record(session, actor, "rule.created", subject_id=rule.id, subject=rule.name)
    return rule


def update(
    actor: Actor, funnel_id: UUID | None, id: UUID | None, values: Mapping[str, Any], *, version: int | None = None
) -> CardRule:
    """Changes what `values` gives (as in `create`). Raises NotFound, Invalid, or Conflict with the rule when `version`
    is not the stored one."""
    session = db.session()
    funnel = funnels.get(actor.account_id, funnel_id)
    reading.get(actor.account_id, funnel_id, id)
    clean = check(session, funnel, values)
    _lock_account(session, actor.account_id)
    rule = reading.get(actor.account_id, funnel_id, id)
    refuse_stale(rule, version)
    before = audit.values_of(rule, AUDITED)
    with session.no_autoflush:
        for column, value in clean.items():
            setattr(rule, column, value)
        if clean.keys() & {"trigger", "stage_id", "tag_id", "days"}:
            complete(session, funnel, rule)
        _refuse_circle(session, rule)
    _keep(session, actor, rule, before)
    return rule


def delete(actor: Actor, funnel_id: UUID | None, id: UUID | None, *, version: int | None = None) -> None:
    """What it did stays in the history. Raises NotFound or Conflict."""
    session = db.session()
    funnels.get(actor.account_id, funnel_id)
    _lock_account(session, actor.account_id)
    rule = reading.get(actor.account_id, funnel_id, id)
    refuse_stale(rule, version)
    session.delete(rule)
    session.flush()
    audit.record(session, actor, "rule.deleted", subject_id=rule.id, subject=rule.name)


def shift(actor: Actor, funnel_id: UUID | None, id: UUID | None, *, up: bool) -> None:
    """One place up or down among the rules of the funnel; at the end it stays. Raises NotFound."""
    session = db.session()
    funnels.get(actor.account_id, funnel_id)
    _lock_account(session, actor.account_id)
    rule = reading.get(actor.account_id, funnel_id, id)
    order = list(reading.rules_of(session, actor.account_id, rule.funnel_id))
    before, at = audit.values_of(rule, AUDITED), order.index(rule)
    to = at - 1 if up else at + 1
    if not 0 <= to < len(order):
        return
    order[at], order[to] = order[to], order[at]
    for position, one in enumerate(order):
        if one is not rule:
            one.position = position
    rule.position = to
    _keep(session, actor, rule, before)


def refuse_stale(rule: CardRule, version: int | None) -> None:
    if version is not None and version != rule.version:
        raise Conflict(current=rule)


def _keep(session: Session, actor: Actor, rule: CardRule, before: Mapping[str, Any]) -> None:
    changes = audit.changed(before, audit.values_of(rule, AUDITED))
    if not changes:
        return
    rule.version += 1
    rule.updated_at = clock.now()
    session.flush()
    audit.record(session, actor, "rule.updated", subject_id=rule.id, subject=rule.name, changes=changes)


def circle_of(session: Session, rule: CardRule) -> list[names.Ref] | None:
    """The way round that an active rule would close with the other active ones of the account."""
    mine = CardRule.account_id == rule.account_id, CardRule.is_active, CardRule.id != rule.id
    with session.no_autoflush:
        others = [reading.link_of(one) for one in session.scalars(select(CardRule).where(*mine))]
    link = reading.link_of(rule)
    if link is None or not rule.is_active:
        return None
    return circles.find([one for one in others if one is not None], link)


def _refuse_circle(session: Session, rule: CardRule) -> None:
    way = circle_of(session, rule)
    if way is not None:
        said = circles.words(way, names.read(session, rule.account_id, set(way)))
        raise Invalid({"rule": _l("This would go round in circles: %(way)s.", way=said)})


def _lock_account(session: Session, account_id: UUID) -> None:
    """Two who save rules at once could make a circle together that neither sees."""
    session.execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))
