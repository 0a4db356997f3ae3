"""Segments on the wire: what comes in, what goes out."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from app.contacts.segments.counting import Count
from app.contacts.segments.masking import shown_rule
from app.contacts.segments.models import Segment
from app.core.pagination import PageQuery
from app.core.schema import Out, Schema

RULE: dict[str, Any] = {
    "all": [
        {"field": "whatsappConsent", "op": "is", "value": "granted"},
        {
            "any": [
                {"field": "tag", "op": "has", "value": "VIP"},
                {"field": "name", "op": "starts", "value": "Ana"},
            ]
        },
        {"not": {"field": "lastInboundAt", "op": "within_days", "value": 30}},
    ]
}
ABOUT_RULE = (
    'A condition `{"field", "op", "value"}`, or a group of up to 5 levels: `{"all": [...]}`, `{"any": [...]}`, '
    '`{"not": ...}`; at most 50 conditions.'
)


class SegmentIn(Schema):
    """A new segment."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "VIP que sumiram", "rule": RULE}]})

    name: str
    description: str | None = None
    rule: dict[str, Any] = Field(description=ABOUT_RULE)


class SegmentChange(Schema):
    """What is given is replaced, the rest stays; an empty description clears it. `version` guards against a change made
    meanwhile."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "VIP", "version": 3}]})

    name: str | None = None
    description: str | None = None
    rule: dict[str, Any] | None = Field(None, description=ABOUT_RULE)
    version: int | None = None


class SegmentFilter(PageQuery):
    q: str | None = Field(None, max_length=200, description="Part of the name.")


class SegmentRemoval(Schema):
    version: int | None = None


class RuleIn(Schema):
    """A rule that is not saved."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"rule": RULE}]})

    rule: dict[str, Any] = Field(description=ABOUT_RULE)


class CountOut(Out):
    """`count` is exact up to 10,000, then 10000 with `more`; null when counting took more than two seconds."""

    count: int | None
    more: bool

    @classmethod
    def of(cls, found: Count) -> CountOut:
        return cls(count=found.number, more=found.more)


class SegmentOut(Out):
    """In `rule` tags and categories stand by their ids; who sees people masked sees no part of an address or number."""

    id: UUID
    name: str
    description: str | None
    rule: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, segment: Segment) -> SegmentOut:
        columns = {name: getattr(segment, name) for name in cls.model_fields}
        return cls(**columns | {"rule": shown_rule(segment.rule)})
