"""Who is to be put into a funnel: those in a segment, a category or with a tag, counted before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.contacts import reading
from app.contacts.categories import service as categories
from app.contacts.filters import Filters
from app.contacts.grouping import tag_named
from app.contacts.models import Contact
from app.contacts.segments import service as segments
from app.core.db import TooSlow, time_limited
from app.core.errors import Invalid, NotFound, Text
from app.core.ids import to_uuid
from app.funnels.models import Card
from app.funnels.states import State

LOOK_S = 2.0
NAMED = _l("Choose a segment, a category or a tag.")


@dataclass(frozen=True, slots=True)
class Number:
    """How many people, and how many of them have an open card in the funnel; None where counting took too long."""

    people: int | None
    busy: int | None


def filters_of(session: Session, account_id: UUID, given: dict[str, str | None]) -> Filters:
    """All that is given of `segmentId`, `categoryId` and `tag` (a name) must hold. Raises Invalid by these names."""
    asked = {name: text.strip() for name, text in given.items() if text and text.strip()}
    wrong: dict[str, list[Text]] = {}
    if not asked:
        raise Invalid({"segmentId": [NAMED]})
    if "segmentId" in asked and not _is_there(segments, account_id, asked["segmentId"]):
        wrong["segmentId"] = [_l("There is no such segment.")]
    if "categoryId" in asked and not _is_there(categories, account_id, asked["categoryId"]):
        wrong["categoryId"] = [_l("There is no such category.")]
    if "tag" in asked and not _is_tag(session, account_id, asked["tag"]):
        wrong["tag"] = [_l("There is no such tag.")]
    if wrong:
        raise Invalid(wrong)
    return Filters(
        segment=to_uuid(asked.get("segmentId")), category=to_uuid(asked.get("categoryId")), tag=asked.get("tag")
    )


def count(session: Session, account_id: UUID, funnel_id: UUID, filters: Filters) -> Number:
    """How many just now. The session may end its read transaction over it. Raises NotFound when the segment is gone."""
    found = reading.selected(session, account_id, filters).with_only_columns(Contact.id, maintain_column_froms=True)
    is_open = (Card.funnel_id == funnel_id) & (Card.state == State.OPEN) & Card.removed_at.is_(None)
    busy = found.where(Contact.id.in_(select(Card.contact_id).where(is_open)))
    people = None
    try:
        with time_limited(session, LOOK_S):
            people = session.scalar(select(func.count()).select_from(found.subquery()))
            return Number(people, session.scalar(select(func.count()).select_from(busy.subquery())))
    except TooSlow:
        return Number(people, None)


def _is_there(kind: Any, account_id: UUID, text: str) -> bool:
    try:
        kind.get(account_id, to_uuid(text))
    except NotFound:
        return False
    return True


def _is_tag(session: Session, account_id: UUID, name: str) -> bool:
    return "\0" not in name and session.scalar(tag_named(account_id, name)) is not None
