"""Tags on the wire."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict, Field

from app.contacts.group_sizes import Size
from app.contacts.models import Tag
from app.core.pagination import PageQuery
from app.core.schema import Out, Schema


class TagIn(Schema):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "VIP"}]})

    name: str


class TagChange(Schema):
    """A new name. `version` guards against a change made meanwhile."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "VIP 2026", "version": 1}]})

    name: str
    version: int | None = None


class TagMerge(Schema):
    """`into` is the id of the tag that stays. `version` is that of the one that ends."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"into": "0192f0c4-7b1a-7c3e-9f50-3a1d2b4c5d6e"}]})

    into: str
    version: int | None = None


class TagFilter(PageQuery):
    q: str | None = Field(None, max_length=200, description="Part of the name.")


class Removal(Schema):
    version: int | None = None


class TagOut(Out):
    """`contacts`: how many have it, exact up to 10000: more when `moreContacts`."""

    id: UUID
    name: str
    contacts: int
    more_contacts: bool
    version: int
    created_at: datetime

    @classmethod
    def of(cls, tag: Tag, size: Size) -> TagOut:
        columns = {name: getattr(tag, name) for name in ("id", "name", "version", "created_at")}
        return cls(**columns, contacts=size.number, more_contacts=size.more)
