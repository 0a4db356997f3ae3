"""Own rules on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from app.core.schema import Out, Schema
from app.opens.rules.models import OpenRule
from app.opens.rules.service import MAX_NOTE

CLASSES = Literal["human", "image_proxy", "prefetch", "bot"]


class RuleIn(Schema):
    """`pattern`: a piece of the user agent (at least 3 characters, whatever its case) or an address or network."""

    kind: Literal["agent", "network"]
    pattern: str = Field(max_length=200)
    open_class: CLASSES = Field(alias="class")
    note: str = Field("", max_length=MAX_NOTE)


class RuleOut(Out):
    id: UUID
    kind: str
    pattern: str
    open_class: str = Field(alias="class")
    note: str
    created_at: datetime

    @classmethod
    def of(cls, rule: OpenRule) -> RuleOut:
        return cls(
            id=rule.id,
            kind=rule.kind,
            pattern=rule.pattern,
            open_class=rule.open_class,
            note=rule.note,
            created_at=rule.created_at,
        )


class RulesOut(Out):
    """All of the account's rules (200 at most), in the order they are asked."""

    data: list[RuleOut]
    version: str = Field(description="what opens recorded now carry as their rule version")
