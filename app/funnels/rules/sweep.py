"""Rules whose time came: cards that stayed for days, contacts that have a tag. Rows decide, so a kill loses nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import ColumnElement, Connection, Select, exists, func, literal, select
from sqlalchemy.orm import Session

from app.contacts.models import Contact, ContactTag
from app.core import clock
from app.core.db import db, write
from app.core.errors import AppError
from app.funnels.cards import locking
from app.funnels.models import Card, CardRule, Funnel, RuleRun
from app.funnels.rules.running import run_due
from app.funnels.states import State, Trigger

log = logging.getLogger(__name__)
PART = 50  # cards that are looked up at a time
LASTS_S = 480.0  # then the job ends, and the ticker starts another
LOOK_S = 0.2  # of the ticker's time, to see whether anything is due; one rule takes some 20 ms of 10,000 cards


def job() -> None:
    """The RQ job."""
    from app import create_app

    sweep(create_app())


def sweep(app: Flask) -> int:
    """Runs every rule on the cards that are due, each in a transaction of its own; how many ran."""
    ends_at, number = clock.monotonic() + LASTS_S, 0
    with app.app_context():
        rule_ids = db.session.scalars(_timed().with_only_columns(CardRule.id)).all()
        for rule_id in rule_ids:
            number += _sweep_rule(rule_id, lambda: clock.monotonic() < ends_at)
    return number


def _sweep_rule(rule_id: UUID, goes_on: Callable[[], bool]) -> int:
    number, last = 0, UUID(int=0)
    while goes_on():
        part = _next_part(rule_id, last)
        for card_id in part:
            number += _try_to_run(rule_id, card_id)
        if len(part) < PART:
            break
        last = part[-1]
    return number


def _next_part(rule_id: UUID, last: UUID) -> Sequence[UUID]:
    """Behind `last`, so that a card on which nothing can be done holds up no other."""
    session = db.session()
    session.rollback()
    rule = session.scalar(_timed().where(CardRule.id == rule_id))
    if rule is None:
        return []
    wanted = due(rule, clock.now()).where(Card.id > last).order_by(Card.id).limit(PART)
    found = session.execute(wanted).scalars().all()
    session.rollback()
    return found


def _try_to_run(rule_id: UUID, card_id: UUID) -> bool:
    try:
        with write() as session:
            return _run(session, rule_id, card_id)
    except AppError:  # removed, or its contact merged, in this very moment
        return False
    except Exception:
        log.exception("a rule met a defect on a card and goes on with the next one")
        return False


def _run(session: Session, rule_id: UUID, card_id: UUID) -> bool:
    """Judged anew with the card locked: another worker may have been quicker, somebody may have moved it."""
    rule = session.scalar(_timed().where(CardRule.id == rule_id).execution_options(populate_existing=True))
    if rule is None:
        return False
    _funnel, card = locking.card(session, rule.account_id, card_id)
    if session.scalar(due(rule, clock.now()).where(Card.id == card.id)) is None:
        return False
    run_due(session, rule, card, card.entries if rule.trigger == Trigger.STAYED else 0)
    return True


def anything_due(connection: Connection) -> bool:
    """Whether a sweep would find something; begins no rule after LOOK_S, and is true when it could not see all."""
    ends_at, now = clock.monotonic() + LOOK_S, clock.now()
    with Session(bind=connection) as session:
        for rule in session.scalars(_timed()).all():
            if session.scalar(due(rule, now).limit(1)) is not None or clock.monotonic() > ends_at:
                return True
    return False


def due(rule: CardRule, now: datetime) -> Select[Any]:
    """Ids of the open cards that a rule (`stayed` or `tagged`) is still to run on."""
    entry = Card.entries if rule.trigger == Trigger.STAYED else literal(0)
    ran = exists().where(RuleRun.rule_id == rule.id, RuleRun.card_id == Card.id, RuleRun.entry == entry)
    return select(Card.id).where(*fitting(rule, now), ~ran)


def fitting(rule: CardRule, now: datetime) -> list[ColumnElement[bool]]:
    """What a card is like that a rule runs on."""
    mine = [Card.funnel_id == rule.funnel_id, Card.account_id == rule.account_id, Card.removed_at.is_(None)]
    mine.append(Card.state == State.OPEN)
    if rule.trigger == Trigger.STAYED:
        return [*mine, Card.stage_id == rule.stage_id, Card.entered_at <= now - timedelta(days=rule.days or 0)]
    has = exists().where(
        Contact.id == Card.contact_id, Contact.deleted_at.is_(None), ContactTag.contact_serial == Contact.serial,
        ContactTag.tag_id == rule.tag_id,
    )  # fmt: skip
    return [*mine, has]


def count_fitting(session: Session, rule: CardRule) -> int:
    """Open cards that it is to run on within the minute, if it is active: also those that were there before it."""
    if rule.trigger == Trigger.ENTERED:
        return 0
    return session.scalar(select(func.count()).select_from(due(rule, clock.now()).subquery())) or 0


def _timed() -> Select[CardRule]:
    timed = CardRule.is_active, CardRule.trigger.in_((Trigger.STAYED, Trigger.TAGGED))
    return (
        select(CardRule)
        .join(Funnel, Funnel.id == CardRule.funnel_id)
        .where(*timed, Funnel.deleted_at.is_(None))
        .order_by(CardRule.funnel_id, CardRule.position, CardRule.id)
    )
