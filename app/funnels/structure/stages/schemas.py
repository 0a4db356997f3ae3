"""Stages on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.core.schema import Out, Schema
from app.funnels.models import Stage
from app.funnels.structure.totals import NOTHING, Total

Kind = Literal["open", "won", "lost"]
STALLED = "Days in the stage after which a card is marked; 0: never. Only of open stages."
CHANCE = "Of being won, per cent. A won stage has 100, a lost one 0."


class StageIn(Schema):
    """A new stage. Without a `position` an open one goes behind the last open one, a closed one to the end."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Proposta", "color": "#ae3ec9", "kind": "open", "chance": 60}]}
    )

    name: str
    color: str | None = Field(None, description="Hex: #rrggbb.")
    kind: Kind | None = None
    chance: int | None = Field(None, description=CHANCE)
    stalled_after: int | None = Field(None, description=STALLED)
    position: int | None = Field(None, ge=0, le=100, description="0 is the leftmost.")


class StageChange(Schema):
    """What is given is replaced. `version` guards against a change made meanwhile."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Proposta enviada", "version": 2}]})

    name: str | None = None
    color: str | None = Field(None, description="Hex: #rrggbb.")
    kind: Kind | None = Field(None, description="Only of a stage without cards.")
    chance: int | None = Field(None, description=CHANCE)
    stalled_after: int | None = Field(None, description=STALLED)
    position: int | None = Field(None, ge=0, le=100, description="0 is the leftmost.")
    version: int | None = None


class StageOrder(Schema):
    """All stages of the funnel, from left to right; `version` is the funnel's."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "stageIds": ["01890a5d-ac96-774b-bcce-b302099a8057", "01890a5d-ac96-774b-bcce-b302099a8058"],
                    "version": 4,
                }
            ]
        }
    )

    stage_ids: list[UUID] = Field(max_length=100)
    version: int | None = None


class StageRemoval(Schema):
    """Where the cards of the stage go, and why, where that closes them as lost."""

    to: UUID | None = Field(None, description="Another stage of the funnel, for the cards that are in this one.")
    reason: str | None = Field(None, max_length=500, description="Needed where `to` is a lost stage.")
    version: int | None = None


class StageOut(Out):
    """`position` counts from 0, the leftmost. `cards` are those in it, closed ones too; `value` in reais."""

    id: UUID
    funnel_id: UUID
    name: str
    color: str
    position: int
    kind: str
    chance: int
    stalled_after: int | None
    cards: int
    value: float
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, stage: Stage, totals: dict[UUID, Total]) -> StageOut:
        total = totals.get(stage.id, NOTHING)
        columns = {name: getattr(stage, name) for name in cls.model_fields if name not in ("cards", "value")}
        return cls(**columns, cards=total.cards, value=float(total.value))
