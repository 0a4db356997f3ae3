"""What the panel of a card shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contacts import listing
from app.contacts import service as contacts
from app.contacts.detail.story import Step, story_of
from app.contacts.models import Contact
from app.contacts.reading import with_groups
from app.core import clock
from app.core.db import db
from app.core.errors import NotFound
from app.core.list_filters import Choice
from app.funnels.cards.words import Line, history_of
from app.funnels.models import Card, Funnel, Stage
from app.funnels.rules import showing
from app.funnels.rules.showing import RunLine
from app.funnels.states import Removal, State
from app.funnels.structure import reading

STEPS = 8


@dataclass(frozen=True, slots=True)
class Panel:
    card: Card
    funnel: Funnel
    stage: Stage
    stages: Sequence[Stage]
    contact: Contact
    tags: Sequence[Any]  # id, name
    people: list[Choice]  # who may own it
    lines: list[Line]
    runs: list[RunLine]  # of rules
    story: list[Step]  # of the contact, its deals aside

    @property
    def owner(self) -> str | None:
        return dict(self.people).get(str(self.card.owner_id))

    @property
    def days(self) -> int:
        """In the stage."""
        return max(0, (clock.now() - self.card.entered_at).days)

    @property
    def is_stalled(self) -> bool:
        after = self.stage.stalled_after
        return self.card.state == State.OPEN and after is not None and self.days >= after

    def first(self, kind: str) -> Stage | None:
        """The leftmost stage of a kind."""
        return next((stage for stage in self.stages if stage.kind == kind), None)


def get(account_id: UUID, funnel_id: UUID | None, id: UUID | None) -> tuple[Funnel, Card]:
    """Also a card that somebody removed, who may want it back. Raises NotFound."""
    funnel = reading.get(account_id, funnel_id)
    mine = select(Card).where(Card.account_id == account_id, Card.funnel_id == funnel.id, Card.id == id)
    card = db.session.scalar(mine) if id is not None else None
    if card is None or card.contact_id is None or card.removed_why not in (None, Removal.PERSON):
        raise NotFound
    return funnel, card


def panel_of(session: Session, funnel: Funnel, card: Card) -> Panel:
    """Raises NotFound when its contact was just deleted."""
    contact = contacts.get(card.account_id, card.contact_id)
    story = story_of(session, contact, contacts.fields_of(card.account_id))
    return Panel(
        card,
        funnel,
        session.get_one(Stage, card.stage_id),
        reading.stages_of(session, funnel.id),
        contact,
        with_groups(session.connection(), [contact])[0].tags,
        listing.owners_of(session, card.account_id),
        history_of(session, card),
        showing.runs_of(session, card),
        [step for step in story if not step.kind.startswith("deal.")][:STEPS],
    )
