"""The cards of a funnel as a list: filtered, in an order, page by page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Select, select, type_coerce
from sqlalchemy.orm import Session

from app.contacts.models import Contact
from app.contacts.names_only import by_name
from app.core.errors import Invalid
from app.core.ids import to_uuid
from app.core.pagination import Column, Page, keyset, order_by
from app.funnels.models import Card, Funnel, Stage
from app.funnels.owners import NOBODY

DEFAULT_SORT = "position"
SORTS: dict[str, Column] = {
    "position": Card.rank,
    "updatedAt": Card.updated_at,
    "value": type_coerce(Card.value, BigInteger) + 0,  # in cents, as a cursor can tell it; + 0: not the card's column
    "createdAt": Card.created_at,
}


def search(
    session: Session,
    funnel: Funnel,
    given: dict[str, str | None],
    *,
    sort: str | None = None,
    after: str | None = None,
    page: int = 1,
    limit: int = 50,
) -> Page[Card]:
    """`given`: what there is of `stageId`, `ownerId` (an id or `none`), `contactId`, `state` and `q`. Raises Invalid,
    also for an unknown order, and Malformed for a cursor that is not ours."""
    mine = (Card.account_id == funnel.account_id) & (Card.funnel_id == funnel.id) & Card.removed_at.is_(None)
    found: Select[Card] = select(Card).join(Stage, Stage.id == Card.stage_id).where(mine, *_conditions(given))
    if typed := given.get("q"):
        found = found.join(Contact, Contact.id == Card.contact_id).where(by_name(typed))
    return keyset(session, found, _terms(sort), after, limit, page=page)


def _conditions(given: dict[str, str | None]) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for name, column in (("stageId", Card.stage_id), ("ownerId", Card.owner_id), ("contactId", Card.contact_id)):
        text = given.get(name)
        if name == "ownerId" and text == NOBODY:
            conditions.append(Card.owner_id.is_(None))
        elif text is not None:
            conditions.append(column == _id(name, text))
    if given.get("state") is not None:
        conditions.append(Card.state == given["state"])
    return conditions


def _id(name: str, text: str) -> UUID:
    found = to_uuid(text)
    if found is None:
        raise Invalid({name: ["Not an id"]})
    return found


def _terms(sort: str | None) -> list[ColumnElement[Any]]:
    asked = sort or DEFAULT_SORT
    terms = order_by(asked, SORTS, DEFAULT_SORT, Card.id)
    if asked.removeprefix("-") != DEFAULT_SORT:
        return terms
    return [Stage.position.desc() if asked.startswith("-") else Stage.position.asc(), *terms]
