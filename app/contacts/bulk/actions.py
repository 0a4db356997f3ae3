"""What can be done to many contacts at once: a verb, and the tags or categories that it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, select

from app.contacts import grouping
from app.contacts.grouping import Link
from app.contacts.models import Category, ContactCategory, ContactTag, Tag
from app.contacts.values import check_tags
from app.core.errors import Invalid

MAX_GROUPS = 50


class Action(StrEnum):
    ADD_TAGS = "addTags"
    REMOVE_TAGS = "removeTags"
    ADD_CATEGORIES = "addCategories"
    REMOVE_CATEGORIES = "removeCategories"
    DELETE = "delete"

    @property
    def adds(self) -> bool:
        return self in (Action.ADD_TAGS, Action.ADD_CATEGORIES)

    @property
    def link(self) -> Link | None:
        """The table that it changes; None for a deletion."""
        if self is Action.DELETE:
            return None
        return ContactTag if self in (Action.ADD_TAGS, Action.REMOVE_TAGS) else ContactCategory

    @property
    def permission(self) -> str:
        return "contacts.delete" if self is Action.DELETE else "contacts.edit"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An action as somebody asks for it: `tags` are names."""

    action: Action
    tags: tuple[str, ...] = ()
    category_ids: tuple[UUID | None, ...] = field(default=())


def group_ids(connection: Connection, account_id: UUID, wanted: Wanted) -> list[UUID]:
    """The tags or categories meant, in the caller's write transaction: a tag that is to be added is made. Raises
    Invalid, also when there are none."""
    link = wanted.action.link
    if link is None:
        return []
    if link is ContactTag:
        return _tags(connection, account_id, wanted)
    if not wanted.category_ids:
        raise Invalid({"categoryIds": [_l("Choose at least one category.")]})
    return grouping.category_ids(connection, account_id, wanted.category_ids[: MAX_GROUPS + 1])[:MAX_GROUPS]


def _tags(connection: Connection, account_id: UUID, wanted: Wanted) -> list[UUID]:
    names = check_tags(wanted.tags)
    if not names:
        raise Invalid({"tags": [_l("Name at least one tag.")]})
    if wanted.action.adds:
        return grouping.tag_ids(connection, account_id, names)
    keys = [grouping.tag_key(name) for name in names]
    found = select(Tag.id).where(Tag.account_id == account_id, Tag.folded_name.in_(keys))
    ids = list(connection.scalars(found))
    if not ids:
        raise Invalid({"tags": [_l("There is no such tag.")]})
    return ids


def still_there(connection: Connection, account_id: UUID, link: Link, ids: Sequence[UUID]) -> set[UUID]:
    """Those of the tags or categories that nobody deleted meanwhile."""
    group: Any = Tag if link is ContactTag else Category
    return set(connection.scalars(select(group.id).where(group.account_id == account_id, group.id.in_(ids))))


def to_uuids(texts: Iterable[Any]) -> list[UUID]:
    return [UUID(text) for text in texts]
