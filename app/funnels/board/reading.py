"""What a board shows, read in few statements however many cards there are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Row, Select, String, cast, func, select, type_coerce
from sqlalchemy.orm import Session, aliased

from app.contacts.models import Contact, ContactTag, Tag
from app.funnels.board.filters import Filters
from app.funnels.models import Card, Funnel, Stage

PAGE = 30  # cards of a column at a time
BELOW_ALL = "~"  # behind every rank, which are made of digits and letters
SEPARATOR = "\x1f"  # between names, which hold no control characters
Rows = Sequence[Row[Any]]


@dataclass(frozen=True, slots=True)
class Scope:
    """The cards of one funnel that somebody wants to see."""

    funnel: Funnel
    stages: Sequence[Stage]  # from left to right
    filters: Filters
    country: str
    now: datetime

    def conditions(self) -> list[ColumnElement[bool]]:
        """Over Card, and Contact where the filters are about people."""
        mine = [Card.account_id == self.funnel.account_id, Card.removed_at.is_(None)]
        return mine + self.filters.conditions(self.funnel.account_id, self.stages, self.country, self.now)

    def narrow(self, found: Select[Any]) -> Select[Any]:
        """A select of Card alone, narrowed to these."""
        if self.filters.about_people:
            found = found.join(Contact, Contact.id == Card.contact_id)
        return found.where(*self.conditions())


class Total(NamedTuple):
    """Of a column: how many cards, and what they are worth together (cents, exact)."""

    number: int
    cents: int


def of_card(card: Any, person: Any) -> tuple[Any, ...]:
    """The columns that a card on the board is made of, in the order in which `showing` takes them. Of hundreds of rows:
    ids are text and money is cents, since making objects of them takes longer than the query; the names of the tags are
    one text."""
    tags = select(func.aggregate_strings(Tag.name, SEPARATOR)).join(ContactTag, ContactTag.tag_id == Tag.id)
    return (
        cast(card.id, String).label("id"),
        cast(card.stage_id, String).label("stage"),
        card.rank,
        card.state,
        type_coerce(card.value, BigInteger).label("cents"),
        cast(card.owner_id, String).label("owner"),
        card.expected_close,
        card.entered_at,
        card.version,
        tags.where(ContactTag.contact_serial == person.serial).correlate(person).scalar_subquery().label("tags"),
        person.name,
        person.company,
        person.phone,
        person.email,
    )


def first_cards(session: Session, scope: Scope, stage_ids: Collection[UUID]) -> dict[str, Rows]:
    """stage (as rows write it) -> its first PAGE cards, and one more where there are more. One statement for all: where
    the first page of each one ends is found along the index of ranks, so that what follows is never read."""
    end = scope.narrow(select(Card.rank).where(Card.stage_id == Stage.id)).order_by(Card.rank).limit(1).offset(PAGE)
    ends = (
        select(Stage.id.label("stage_id"), end.scalar_subquery().label("end"))
        .where(Stage.account_id == scope.funnel.account_id, Stage.id.in_(stage_ids))
        .cte("ends")
        .prefix_with("MATERIALIZED")
    )
    found = (
        select(*of_card(Card, Contact))
        .select_from(ends)
        .join(Card, (Card.stage_id == ends.c.stage_id) & (Card.rank <= func.coalesce(ends.c.end, BELOW_ALL)))
        .join(Contact, Contact.id == Card.contact_id)
        .where(*scope.conditions())
        .order_by(Card.stage_id, Card.rank)
    )
    return {stage: list(rows) for stage, rows in groupby(session.execute(found), itemgetter(1))}


def next_cards(session: Session, scope: Scope, stage_id: UUID, after: str) -> Rows:
    """The PAGE cards behind a rank, and one more where there are more."""
    found = select(*of_card(Card, Contact)).join(Contact, Contact.id == Card.contact_id)
    found = found.where(Card.stage_id == stage_id, Card.rank > after, *scope.conditions())
    return session.execute(found.order_by(Card.rank).limit(PAGE + 1)).all()


def totals(session: Session, scope: Scope, stage_ids: Collection[UUID]) -> dict[UUID, Total]:
    """stage -> its figures, of the cards that the filters show. Without filters an index alone answers, which does not
    hold the account: the funnel, read with it, stands for that."""
    mine = scope.filters.conditions(scope.funnel.account_id, scope.stages, scope.country, scope.now)
    found = select(Card.stage_id, func.count(), func.sum(type_coerce(Card.value, BigInteger))).where(
        Card.funnel_id == scope.funnel.id, Card.stage_id.in_(stage_ids), Card.removed_at.is_(None), *mine
    )
    if scope.filters.about_people:
        found = found.join(Contact, Contact.id == Card.contact_id)
    counted = {row[0]: Total(row[1], int(row[2])) for row in session.execute(found.group_by(Card.stage_id))}
    return {id: counted.get(id, Total(0, 0)) for id in stage_ids}


def placed(session: Session, scope: Scope, ids: Collection[UUID], stage_ids: Collection[UUID]) -> Rows:
    """Those of the cards that the filters show in these stages, from the top to the bottom of each stage, with `above`:
    the card right above it among those that are shown (None: it is the topmost)."""
    card, person = aliased(Card), aliased(Contact)
    above = scope.narrow(select(Card.id).where(Card.stage_id == card.stage_id, Card.rank < card.rank))
    above = above.order_by(Card.rank.desc()).limit(1).correlate(card)
    seen = scope.narrow(select(Card.id).where(Card.id.in_(ids), Card.stage_id.in_(stage_ids)))
    found: Select[Any] = select(*of_card(card, person), above.scalar_subquery().label("above"))
    found = found.join(person, person.id == card.contact_id)
    found = found.where(card.id.in_(seen)).order_by(card.stage_id, card.rank)
    return session.execute(found).all()


def position(session: Session, scope: Scope, stage_id: UUID, rank: str) -> int:
    """Which one a card is among those that are shown in its column: 1 is the topmost."""
    counted = scope.narrow(select(func.count(Card.id)).where(Card.stage_id == stage_id, Card.rank <= rank))
    return session.scalar(counted) or 0


def lowest(session: Session, account_id: UUID, stage_id: UUID) -> UUID | None:
    """The last card of a stage, whatever the filters show."""
    mine = select(Card.id).where(Card.account_id == account_id, Card.stage_id == stage_id, Card.removed_at.is_(None))
    return session.scalar(mine.order_by(Card.rank.desc()).limit(1))


def alone(card: Card) -> Select[Any]:
    """One card, whatever the filters show."""
    return select(*of_card(Card, Contact)).join(Contact, Contact.id == Card.contact_id).where(Card.id == card.id)
