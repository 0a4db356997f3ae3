"""The API of cards, the contacts in a funnel: /api/funnels/<id>/contacts."""

from __future__ import annotations

from typing import Any

from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.conflicts import presenting
from app.core.db import db, write
from app.core.errors import Invalid
from app.core.ids import to_uuid
from app.core.pagination import PageOf
from app.core.schema import Schema
from app.funnels.cards import finding, history, listing, moving, service
from app.funnels.cards.history import Doer
from app.funnels.cards.placing import Place
from app.funnels.cards.schemas import (
    CardIn,
    CardMove,
    CardOut,
    CardPut,
    CardQuery,
    CardRemoval,
    CardWithHistory,
    MovedOut,
    MoveUndo,
)
from app.funnels.models import Card
from app.funnels.structure import reading

bp = resource_blueprint("api_cards", __name__, "/funnels/<id>/contacts")


@bp.get("")
@endpoint(
    summary="List the cards of a funnel", permission="funnels.view", query=CardQuery, answers={200: PageOf[CardOut]}
)
def index(id: str, query: CardQuery) -> PageOf[CardOut]:
    """Those on the board: who was taken off it is left out."""
    funnel = reading.get(current().account_id, to_uuid(id))
    given = query.model_dump(by_alias=True)
    paged: dict[str, Any] = {"sort": query.sort, "after": query.after, "page": query.page, "limit": query.limit}
    return listing.search(db.session(), funnel, given, **paged).answer(CardOut.of)


@bp.post("")
@endpoint(
    summary="Put a contact into a funnel", permission="cards.edit", body=CardIn, answers={201: CardOut, 409: None}
)
def create(id: str, body: CardIn) -> CardOut:
    """409 with the contact's card that is open in this funnel already."""
    with presenting(Card, CardOut.of), write():
        funnel = reading.get(current().account_id, to_uuid(id))
        card = service.create(_doer(), funnel.id, given(body))
    return CardOut.of(card)


@bp.get("/<contact>")
@endpoint(summary="Get a contact's card", permission="funnels.view", answers={200: CardWithHistory})
def show(id: str, contact: str) -> CardWithHistory:
    """The contact's open card in this funnel, else its latest one, with its history. Here and below the id of a card
    does as well as that of its contact."""
    card = _card(id, contact)
    return CardWithHistory.of_all(card, history.changes_of(db.session(), card))


@bp.put("/<contact>")
@endpoint(summary="Change a card", permission="cards.edit", body=CardPut, answers={200: CardOut, 409: None})
def update(id: str, contact: str, body: CardPut) -> CardOut:
    """409 with the card as it is now when `version` is not its version."""
    with presenting(Card, CardOut.of), write():
        card = service.update(_doer(), _card(id, contact).id, given(body), version=body.version)
    return CardOut.of(card)


@bp.delete("/<contact>")
@endpoint(
    summary="Take a card off the board", permission="cards.edit", query=CardRemoval, answers={204: None, 409: None}
)
def delete(id: str, contact: str, query: CardRemoval) -> None:
    """It can be brought back by `restore`."""
    with presenting(Card, CardOut.of), write():
        service.remove(_doer(), _card(id, contact).id, version=query.version)


@bp.post("/<contact>/restore")
@endpoint(summary="Bring a card back to the board", permission="cards.edit", answers={200: CardOut, 409: None})
def restore(id: str, contact: str) -> CardOut:
    """The one that was taken off last. 409 with the contact's card that is open by now."""
    with presenting(Card, CardOut.of), write() as session:
        removed = finding.removed(session, current().account_id, to_uuid(id), to_uuid(contact))
        card = service.restore(_doer(), removed)
    return CardOut.of(card)


@bp.put("/<contact>/move")
@endpoint(summary="Move a card", permission="cards.edit", body=CardMove, answers={200: MovedOut, 409: None})
def move(id: str, contact: str, body: CardMove) -> MovedOut:
    """To another stage, or to another place in its own. 409 with the card as it is now when `version` is not its
    version, or with the contact's other card that is open already."""
    with presenting(Card, CardOut.of), write():
        wanted = _card(id, contact).id
        card, change = moving.move(_doer(), wanted, _place(body), reason=body.reason, version=body.version)
    return MovedOut.of_change(card, change)


@bp.post("/<contact>/undo")
@endpoint(
    summary="Take a move of a card back", permission="cards.edit", body=MoveUndo, answers={200: MovedOut, 409: None}
)
def undo(id: str, contact: str, body: MoveUndo) -> MovedOut:
    """409 with the card as it is now when it was changed again since."""
    with presenting(Card, CardOut.of), write() as session:
        change_id = finding.change(session, _card(id, contact), to_uuid(body.change_id))
        card, change = moving.undo(_doer(), change_id)
    return MovedOut.of_change(card, change)


def _card(id: str, contact: str) -> Card:
    return finding.named(current().account_id, to_uuid(id), to_uuid(contact))


def _doer() -> Doer:
    return Doer(current_actor())


def _place(body: CardMove) -> Place:
    stage_id = to_uuid(body.stage_id)
    if stage_id is None:
        raise Invalid({"stageId": [service.NO_STAGE]})
    return Place(stage_id, to_uuid(body.after_id), to_uuid(body.before_id))


def given(body: Schema) -> dict[str, Any]:
    """The fields that the caller sent, by their names on the wire."""
    return body.model_dump(by_alias=True, exclude_unset=True, exclude={"version"})
