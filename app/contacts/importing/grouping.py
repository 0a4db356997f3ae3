"""The tags and categories that rows of a file name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Connection, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.contacts import grouping
from app.contacts.categories.service import MAX_CATEGORIES, MAX_NAME, PALETTE
from app.contacts.grouping import tag_key
from app.contacts.importing.matching import Aim, Changed, Created
from app.contacts.importing.statements import WholeInsert
from app.contacts.models import Category, ContactCategory, ContactTag, Tag
from app.core import clock
from app.core.direct import Direct
from app.core.folding import folded_name
from app.core.ids import uuid7

Added = tuple[set[UUID], set[UUID]]  # tags and categories that a contact gets
_NAMES: BindParameter[Any] = bindparam("names", expanding=True)
_TAGS = Direct(
    select(Tag.folded_name, Tag.id).where(Tag.account_id == bindparam("account_id"), Tag.folded_name.in_(_NAMES))
)
_CATEGORIES = Direct(
    select(Category.folded_name, Category.id).where(
        Category.account_id == bindparam("account_id"), Category.folded_name.in_(_NAMES)
    )
)
_add_tags = WholeInsert(ContactTag, ("tag_id", "contact_serial"), "ON CONFLICT DO NOTHING")
_add_categories = WholeInsert(ContactCategory, ("category_id", "contact_serial"), "ON CONFLICT DO NOTHING")


class Groups:
    """What a part's rows name, found or made. Every part looks anew: somebody may have deleted one meanwhile."""

    def __init__(self, connection: Connection, aim: Aim, decisions: Sequence[Created | Changed]) -> None:
        self._connection = connection
        self._aim = aim
        tags = dict.fromkeys(aim.plan.tags)
        categories: dict[str, None] = {}
        for one in decisions:
            tags |= dict.fromkeys(one.candidate.tags)
            if one.candidate.category:
                categories[one.candidate.category] = None
        self._tags = self._tag_ids(tags)
        self._categories = self._category_ids(categories)
        self._by_names: dict[tuple[str, ...], set[UUID]] = {}  # as many rows name the same
        wanted = [Category.account_id == aim.account_id, Category.id.in_(aim.plan.categories)]
        self._for_all = set(connection.scalars(select(Category.id).where(*wanted))) if aim.plan.categories else set()

    def has_category(self, one: Created | Changed) -> bool:
        """False where an account has as many categories as it may."""
        return one.candidate.category is None or _category_key(one.candidate.category) in self._categories

    def of(self, one: Created | Changed) -> Added:
        """What this row adds."""
        if isinstance(one, Created):
            named = one.candidate.tags
            if named not in self._by_names:
                self._by_names[named] = {self._tags[tag_key(name)] for name in (*named, *self._aim.plan.tags)}
            own = one.candidate.category
            categories = {self._categories[_category_key(own)], *self._for_all} if own else self._for_all
            return self._by_names[named], categories
        by_id = {str(id_): id_ for id_ in self._for_all} | self._categories
        return {self._tags[name] for name in one.tags}, {by_id[name] for name in one.categories if name in by_id}

    def put(self, serials: Iterable[tuple[int, Added]]) -> None:
        tags: list[tuple[UUID, int]] = []
        categories: list[tuple[UUID, int]] = []
        for serial, (own_tags, own_categories) in serials:
            tags += [(id_, serial) for id_ in own_tags]
            categories += [(id_, serial) for id_ in own_categories]
        _add_tags.many(self._connection, tags)
        _add_categories.many(self._connection, categories)

    def _tag_ids(self, names: Collection[str]) -> dict[str, UUID]:
        wanted = {tag_key(name): name for name in names}
        values = {"account_id": self._aim.account_id, "names": list(wanted)}
        found: dict[str, UUID] = dict(_TAGS(self._connection, values)) if wanted else {}
        new = [name for key, name in wanted.items() if key not in found]
        if new:
            made = grouping.tag_ids(self._connection, self._aim.account_id, new)
            found |= {tag_key(name): id_ for name, id_ in zip(new, made, strict=True)}
        return found

    def _category_ids(self, names: Collection[str]) -> dict[str, UUID]:
        wanted = {_category_key(name): name for name in names}
        values = {"account_id": self._aim.account_id, "names": list(wanted)}
        found: dict[str, UUID] = dict(_CATEGORIES(self._connection, values)) if wanted else {}
        new = {key: name for key, name in wanted.items() if key not in found}
        if new:
            self._make_categories(new)
            found = dict(_CATEGORIES(self._connection, values))
        return found

    def _make_categories(self, new: dict[str, str]) -> None:
        account_id = self._aim.account_id
        counted = select(func.count()).select_from(Category).where(Category.account_id == account_id)
        there = self._connection.scalar(counted) or 0
        now, colors = clock.now(), list(PALETTE)
        rows = [
            {"id": uuid7(), "account_id": account_id, "name": name, "folded_name": key, "created_at": now,
             "updated_at": now, "version": 1, "color": colors[(there + place) % len(colors)]}
            for place, (key, name) in enumerate(new.items())
        ][: max(0, MAX_CATEGORIES - there)]  # fmt: skip
        if rows:
            insert = sqlite_insert if self._connection.dialect.name == "sqlite" else pg_insert
            self._connection.execute(insert(Category).on_conflict_do_nothing(), rows)


def _category_key(name: str) -> str:
    return folded_name(name)[:MAX_NAME]
