"""The deals of a contact, on its page."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contacts.detail import panels
from app.contacts.detail.panels import Shown
from app.contacts.models import Contact
from app.core.access import has_permission
from app.funnels.cards import words
from app.funnels.models import Card, Funnel, Stage
from app.funnels.states import State
from app.funnels.structure import reading

MOST = 50


class Deals(NamedTuple):
    contact: Contact
    rows: Sequence[Any]  # Card, Funnel, Stage: the open ones first, then the latest
    choices: list[tuple[str, list[Any]]]  # names of funnels with their stages, for those who may add
    states: dict[str, tuple[Any, str, str]]


def init_app() -> None:
    panels.register("deals", panel)


def panel(session: Session, contact: Contact) -> Shown | None:
    """None where there is nothing to show and nothing to do."""
    deals = deals_of(session, contact)
    return Shown("funnels/cards/_deals.html", deals) if deals.rows or deals.choices else None


def deals_of(session: Session, contact: Contact) -> Deals:
    mine = (Card.account_id == contact.account_id) & (Card.contact_id == contact.id) & Card.removed_at.is_(None)
    found = select(Card, Funnel, Stage).join(Funnel, Funnel.id == Card.funnel_id).join(Stage, Stage.id == Card.stage_id)
    found = found.where(mine, Funnel.deleted_at.is_(None))
    rows = session.execute(found.order_by(Card.state != State.OPEN, Card.entered_at.desc(), Card.id).limit(MOST)).all()
    return Deals(contact, rows, _choices(session, contact) if has_permission("cards.edit") else [], words.STATES)


def _choices(session: Session, contact: Contact) -> list[tuple[str, list[Any]]]:
    stages = select(Funnel.name, Stage).join(Stage, Stage.funnel_id == Funnel.id)
    shown = stages.where(reading.mine(contact.account_id), Stage.deleted_at.is_(None))
    rows = session.execute(shown.order_by(Funnel.folded_name, Funnel.id, Stage.position)).all()
    return [(name, [row.Stage for row in group]) for name, group in groupby(rows, key=lambda row: row.name)]
