"""Cards on the wire: the contacts in a funnel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.core import clock
from app.core.masking import seen_email, seen_text
from app.core.pagination import CursorQuery
from app.core.schema import Out, Schema
from app.funnels.cards.values import WIRE_NAMES
from app.funnels.models import Card, CardChange

CARD: dict[str, Any] = {"value": 1500.5, "notes": "Asked for a proposal", "expectedClose": "2026-12-15"}
MOVE: dict[str, Any] = {"stageId": str(UUID(int=7)), "reason": "Price", "version": 3}
MAX_ID = 40
MAX_WORDS = 100


class CardQuery(CursorQuery):
    """All that is given must hold. Sorts by position (stage by stage, from the top; unless asked otherwise), updatedAt,
    value and createdAt."""

    stage_id: str | None = Field(None, max_length=MAX_ID)
    owner_id: str | None = Field(None, max_length=MAX_ID, description="A person's id, or `none`.")
    contact_id: str | None = Field(None, max_length=MAX_ID)
    state: Literal["open", "won", "lost"] | None = None
    q: str | None = Field(None, max_length=MAX_WORDS, description="Parts of the contact's name or company.")


class CardValues(Schema):
    value: Decimal | None = Field(None, description="In reais.")
    notes: str | None = None
    owner_id: str | None = Field(None, max_length=MAX_ID)
    expected_close: str | None = Field(None, max_length=MAX_ID, description="A date, such as 2026-12-15.")


class CardIn(CardValues):
    """A contact put into a funnel: at the top of the stage `stageId`, else of the first one. Its owner is the contact's
    own unless `ownerId` says who (an empty text: nobody)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"contactId": str(UUID(int=7)), **CARD}]})

    contact_id: str = Field(max_length=MAX_ID)
    stage_id: str | None = Field(None, max_length=MAX_ID)


class CardPut(CardValues):
    """What is given is replaced, the rest stays; an empty text clears a field. `version` guards against a change made
    meanwhile."""

    model_config = ConfigDict(json_schema_extra={"examples": [CARD | {"version": 3}]})

    version: int | None = None


class CardMove(Schema):
    """Where to: into the stage `stageId`, below the card `afterId` or above `beforeId` (ids of cards), else to its top.
    A lost deal needs a `reason`."""

    model_config = ConfigDict(json_schema_extra={"examples": [MOVE]})

    stage_id: str = Field(max_length=MAX_ID)
    after_id: str | None = Field(None, max_length=MAX_ID)
    before_id: str | None = Field(None, max_length=MAX_ID)
    reason: str | None = None
    version: int | None = None


class MoveUndo(Schema):
    """`changeId` is that of the move."""

    change_id: str = Field(max_length=MAX_ID)


class CardRemoval(Schema):
    version: int | None = None


class CardOut(Out):
    """A deal. `value` is in reais; `enteredAt` is when it came into its stage, `daysInStage` the whole days since;
    `reason` why it was won or lost; `contactId` null when the person was forgotten."""

    id: UUID
    funnel_id: UUID
    stage_id: UUID
    contact_id: UUID | None
    state: str
    value: float
    notes: str
    owner_id: UUID | None
    expected_close: date | None
    reason: str | None
    entered_at: datetime
    days_in_stage: int
    closed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, card: Card) -> CardOut:
        return cls(**_columns(card))


class MovedOut(CardOut):
    """`changeId` is what `undo` takes."""

    change_id: UUID

    @classmethod
    def of_change(cls, card: Card, change: CardChange) -> MovedOut:
        return cls(**_columns(card), change_id=change.id)


class ChangeOut(Out):
    """`kind` is created, moved (to another stage), ordered (in its stage), edited (`fields`), removed or restored;
    `ruleId` null when somebody did it by hand, `by` who; `value` as it was after it; `staySeconds` how long it was in
    the stage that it left."""

    id: UUID
    kind: str
    at: datetime
    by: str
    user_id: UUID | None
    rule_id: UUID | None
    from_stage_id: UUID | None
    to_stage_id: UUID
    from_state: str | None
    to_state: str
    value: float
    owner_id: UUID | None
    reason: str | None
    fields: list[str]
    stay_seconds: int | None

    @classmethod
    def of(cls, change: CardChange) -> ChangeOut:
        same = {name: getattr(change, name) for name in cls.model_fields if name in CardChange.__table__.columns}
        own = {
            "by": seen_email(change.actor) if "@" in change.actor else change.actor,
            "reason": seen_text(change.reason),
            "user_id": change.actor_id,
            "value": float(change.value),
            "fields": [WIRE_NAMES.get(name, name) for name in change.fields],
            "stay_seconds": change.stayed_s,
        }
        return cls(**same | own)


class CardWithHistory(CardOut):
    """`history` is the latest change first, 200 at most."""

    history: list[ChangeOut]

    @classmethod
    def of_all(cls, card: Card, changes: Sequence[CardChange]) -> CardWithHistory:
        return cls(**_columns(card), history=[ChangeOut.of(change) for change in changes])


def _columns(card: Card) -> dict[str, Any]:
    same = {name: getattr(card, name) for name in CardOut.model_fields if name in Card.__table__.columns}
    days = max(0, (clock.now() - card.entered_at).days)
    seen = {"notes": seen_text(card.notes), "reason": seen_text(card.reason)}
    return same | seen | {"value": float(card.value), "days_in_stage": days}
