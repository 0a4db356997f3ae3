"""Changes of many contacts on the wire."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.contacts.bulk.actions import MAX_GROUPS, Action, Wanted
from app.contacts.schemas import ContactFilter
from app.core.ids import to_uuid
from app.core.schema import Out, Schema

MAX_IDS = 1_000
EXAMPLE: dict[str, Any] = {"filter": {"category": str(UUID(int=7))}, "action": "addTags", "tags": ["vip"]}
Name = Literal["addTags", "removeTags", "addCategories", "removeCategories", "delete"]


class BulkIn(Schema):
    """One of `filter` (as the query of the list; `{}` is everybody) and `ids`, and what becomes of them: `tags` by name
    or `categoryIds`, as the action needs them. `confirmCount` is how many contacts the caller saw this mean."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE | {"confirmCount": 42}]})

    filter: ContactFilter | None = None
    ids: list[str] | None = Field(None, max_length=MAX_IDS)
    action: Name
    tags: list[str] = Field([], max_length=MAX_GROUPS)
    category_ids: list[str] = Field([], max_length=MAX_GROUPS)
    confirm_count: int = Field(ge=0, le=2**53)

    def to_wanted(self) -> Wanted:
        return Wanted(Action(self.action), tuple(self.tags), tuple(map(to_uuid, self.category_ids)))


class UndoIn(Schema):
    """`job` is the one that made the change."""

    job: str = Field(max_length=40)


class CountMovedOut(Out):
    """The selection means another number by now."""

    error: str
    count: int
