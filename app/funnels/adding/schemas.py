"""Many contacts into a funnel on the wire."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from app.core.schema import Schema

MAX_ID = 40
EXAMPLE: dict[str, Any] = {"segmentId": str(UUID(int=7)), "value": 1500}


class AddIn(Schema):
    """Whom: `segmentId`, `categoryId` or `tag`; all that is given must hold. Where: at the bottom of `stageId`, a stage
    of open deals, else of the first one. `ownerId` is a person, an empty text nobody; without it each contact's own
    owner."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    segment_id: str | None = Field(None, max_length=MAX_ID)
    category_id: str | None = Field(None, max_length=MAX_ID)
    tag: str | None = Field(None, max_length=60, description="The name of a tag.")
    stage_id: str | None = Field(None, max_length=MAX_ID)
    owner_id: str | None = Field(None, max_length=MAX_ID)
    value: Decimal | None = Field(None, description="Of each card, in reais.")


class AddUndo(Schema):
    """`job` is the one that added them."""

    job: str = Field(max_length=MAX_ID)
