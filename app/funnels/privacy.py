"""Funnels as a holder: the cards of a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from app.contacts.models import Contact
from app.core.privacy import MOST_COUNTED, Begin, Counts, Held, Holder, How, Row, Subject
from app.funnels import following
from app.funnels.models import Card, CardChange, Funnel, Stage
from app.funnels.states import Removal

SHOWN = ("value", "notes", "state", "reason", "expected_close", "entered_at", "closed_at", "created_at", "removed_at")


class CardHolder(Holder):
    key = "funnels"
    title = _l("Funnels")

    def find(self, session: Session, account_id: UUID, subject: Subject) -> list[Held]:
        mine = _mine(account_id, subject)
        moves = select(func.count()).select_from(CardChange).join(Card, Card.id == CardChange.card_id).where(mine)
        fate = _l("Taken off the board and emptied; value and stages stay for the figures, and name nobody.")
        return [
            Held("card", _l("Cards in funnels"), session.scalar(select(func.count()).where(mine)) or 0, fate),
            Held("card_change", _l("Changes of these cards"), session.scalar(moves) or 0, fate),
        ]

    def export(self, session: Session, account_id: UUID, subject: Subject) -> Iterator[Row]:
        found = select(Card, Funnel.name, Stage.name).join(Funnel, Funnel.id == Card.funnel_id)
        rows = session.execute(found.join(Stage, Stage.id == Card.stage_id).where(_mine(account_id, subject)))
        for card, funnel, stage in rows.all():
            yield "card", {"funnel": funnel, "stage": stage, **{name: getattr(card, name) for name in SHOWN}}
            yield from self._changes(session, card)

    def _changes(self, session: Session, card: Card) -> Iterator[Row]:
        changes = select(CardChange, Stage.name).join(Stage, Stage.id == CardChange.to_stage_id)
        mine = changes.where(CardChange.card_id == card.id).order_by(CardChange.revision).limit(MOST_COUNTED)
        for change, stage in session.execute(mine).all():
            shown: dict[str, Any] = {"kind": change.kind, "stage": stage, "value": change.value, "at": change.at}
            yield "card_change", shown | {"reason": change.reason}

    def erase(self, begin: Begin, account_id: UUID, subject: Subject, how: How) -> Counts:
        """Card by card, each in a transaction of its own that locks contact and funnel as every change does. Where the
        contact's row goes as well, following.purged does the rest."""
        counts: Counter[str] = Counter()
        with begin() as connection:
            ids = list(
                connection.scalars(
                    select(Card.id).where(_mine(account_id, subject), Card.removed_why.is_distinct_from(Removal.ERASED))
                )
            )
        for id_ in ids:
            with begin() as connection, Session(bind=connection) as session:
                found = session.execute(select(Card.contact_id, Card.funnel_id).where(Card.id == id_)).one_or_none()
                if found is None:
                    continue
                session.execute(select(Contact.serial).where(Contact.id == found.contact_id).with_for_update())
                funnel = session.scalars(select(Funnel).where(Funnel.id == found.funnel_id).with_for_update()).one()
                following.forget(session, account_id, funnel, session.get_one(Card, id_))
                session.flush()
                counts["card"] += 1
        return dict(counts)


def _mine(account_id: UUID, subject: Subject) -> ColumnElement[bool]:
    """By contact: the desk finds the person's contacts first."""
    return and_(Card.account_id == account_id, Card.contact_id.in_(subject.contact_ids))
