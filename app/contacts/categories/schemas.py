"""Categories on the wire."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict, Field

from app.contacts.group_sizes import Size
from app.contacts.models import Category
from app.core.pagination import PageQuery
from app.core.schema import Out, Schema


class CategoryIn(Schema):
    """A new category; without a colour it gets one."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Clientes", "description": "Bought once", "color": "#206bc4"}]}
    )

    name: str
    description: str | None = None
    color: str | None = Field(None, description="Hex: #rrggbb.")


class CategoryChange(Schema):
    """What is given is replaced; an empty description clears it. `version` guards against a change made meanwhile."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Regular customers", "version": 3}]})

    name: str | None = None
    description: str | None = None
    color: str | None = Field(None, description="Hex: #rrggbb.")
    version: int | None = None


class CategoryFilter(PageQuery):
    q: str | None = Field(None, max_length=200, description="Part of the name.")


class Removal(Schema):
    version: int | None = None


class CategoryOut(Out):
    """`userId` is who created it; `contacts` how many are in it, exact up to 10000: more when `moreContacts`."""

    id: UUID
    user_id: UUID | None
    name: str
    description: str | None
    color: str
    contacts: int
    more_contacts: bool
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, category: Category, size: Size) -> CategoryOut:
        own = ("id", "name", "description", "color", "version", "created_at", "updated_at")
        columns = {name: getattr(category, name) for name in own}
        return cls(**columns, user_id=category.created_by, contacts=size.number, more_contacts=size.more)
