"""Funnels on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict, Field

from app.core.pagination import PageQuery
from app.core.schema import Out, Schema
from app.funnels.models import Funnel, Stage
from app.funnels.structure.stages.schemas import StageOut
from app.funnels.structure.totals import Total, open_of


class FunnelIn(Schema):
    """A new funnel. `pattern` tells its first stages: sales, leads or empty."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Vendas", "description": "From the shop", "pattern": "sales"}]}
    )

    name: str
    description: str | None = None
    pattern: str | None = Field(None, max_length=20)
    reasons: list[str] | None = Field(None, max_length=100, description="Why deals are lost, to choose from.")


class FunnelChange(Schema):
    """What is given is replaced; an empty description clears it. `version` guards against a change made meanwhile."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Vendas da loja", "version": 3}]})

    name: str | None = None
    description: str | None = None
    reasons: list[str] | None = Field(None, max_length=100)
    version: int | None = None


class FunnelFilter(PageQuery):
    q: str | None = Field(None, max_length=200, description="Part of the name.")


class Removal(Schema):
    version: int | None = None


class FunnelOut(Out):
    """`userId` is who created it; `openCards` and `openValue` (reais) are those in its open stages. `version` also
    counts changes of its stages."""

    id: UUID
    user_id: UUID | None
    name: str
    description: str | None
    reasons: list[str]
    open_cards: int
    open_value: float
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, funnel: Funnel, stages: Sequence[Stage], totals: dict[UUID, Total]) -> FunnelOut:
        return cls(**_columns(funnel, stages, totals))


class FunnelWithStages(FunnelOut):
    """Also with its stages, from left to right."""

    stages: list[StageOut]

    @classmethod
    def of(cls, funnel: Funnel, stages: Sequence[Stage], totals: dict[UUID, Total]) -> FunnelWithStages:
        return cls(**_columns(funnel, stages, totals), stages=[StageOut.of(stage, totals) for stage in stages])


def _columns(funnel: Funnel, stages: Sequence[Stage], totals: dict[UUID, Total]) -> dict[str, object]:
    own = ("id", "name", "description", "reasons", "version", "created_at", "updated_at")
    total = open_of(stages, totals)
    return {name: getattr(funnel, name) for name in own} | {
        "user_id": funnel.created_by,
        "open_cards": total.cards,
        "open_value": float(total.value),
    }
