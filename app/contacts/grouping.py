"""The tags and categories of contacts: read for a page of them, set for one, added and taken from many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, Select, delete, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import InstrumentedAttribute

from app.contacts.models import Category, ContactCategory, ContactTag, Tag
from app.core import clock
from app.core.errors import Invalid
from app.core.folding import folded_name
from app.core.ids import uuid7

MAX_FOLDED = 60  # of a tag
Link = type[ContactTag] | type[ContactCategory]


def tags_of(connection: Connection, serials: Collection[int]) -> dict[int, list[Any]]:
    """serial -> its tags by name (rows of id and name)."""
    return _of(connection, serials, ContactTag, Tag)


def categories_of(connection: Connection, serials: Collection[int]) -> dict[int, list[Any]]:
    """serial -> its categories by name (rows of id, name and color)."""
    return _of(connection, serials, ContactCategory, Category)


def _of(connection: Connection, serials: Collection[int], link: Link, group: type[Any]) -> dict[int, list[Any]]:
    found = defaultdict(list)
    columns = [group.id, group.name, *((group.color,) if group is Category else ())]
    rows = connection.execute(
        select(link.contact_serial, *columns)
        .join(group, group.id == group_column(link))
        .where(link.contact_serial.in_(serials))
        .order_by(group.folded_name)
    )
    for row in rows:
        found[row.contact_serial].append(row)
    return dict(found)


def group_column(link: Link) -> InstrumentedAttribute[UUID]:
    return ContactTag.tag_id if link is ContactTag else ContactCategory.category_id


def tag_key(name: str) -> str:
    """By which two tags are the same: folded, which may make it longer, and as long as its column."""
    return folded_name(name)[:MAX_FOLDED]


def tag_named(account_id: UUID, name: str) -> Select[UUID]:
    """The id of the tag of a name, if there is one."""
    return select(Tag.id).where(Tag.account_id == account_id, Tag.folded_name == tag_key(name))


def tag_ids(connection: Connection, account_id: UUID, names: Sequence[str]) -> list[UUID]:
    """The tags of these names (`values.check_tags`), made where they are new."""
    wanted = {tag_key(name): name for name in names}
    if not wanted:
        return []
    mine = (Tag.account_id == account_id) & Tag.folded_name.in_(list(wanted))
    there = {row.folded_name: row.id for row in connection.execute(select(Tag.folded_name, Tag.id).where(mine))}
    new = [key for key in wanted if key not in there]
    if new:
        now = clock.now()
        rows = [
            {"id": uuid7(), "account_id": account_id, "name": wanted[key], "folded_name": key, "created_at": now,
             "version": 1}
            for key in new
        ]  # fmt: skip
        _insert_if_new(connection, Tag, rows)
        there |= {row.folded_name: row.id for row in connection.execute(select(Tag.folded_name, Tag.id).where(mine))}
    return [there[key] for key in wanted]


def category_ids(connection: Connection, account_id: UUID, ids: Iterable[UUID | None]) -> list[UUID]:
    """The ids, each once, when all are of this account. Raises Invalid."""
    wanted = list(dict.fromkeys(ids))
    mine = (Category.account_id == account_id) & Category.id.in_([id_ for id_ in wanted if id_ is not None])
    there = set(connection.scalars(select(Category.id).where(mine)))
    if any(id_ not in there for id_ in wanted):
        raise Invalid({"categoryIds": [_l("There is no such category.")]})
    return [id_ for id_ in wanted if id_ is not None]


def add(connection: Connection, link: Link, group_ids: Iterable[UUID], serials: Sequence[int]) -> None:
    """Puts contacts into groups; those that are in already stay."""
    name = "tag_id" if link is ContactTag else "category_id"
    rows = [{name: group_id, "contact_serial": serial} for group_id in group_ids for serial in serials]
    if rows:
        _insert_if_new(connection, link, rows)


def take(connection: Connection, link: Link, group_ids: Collection[UUID], serials: Collection[int]) -> int:
    """Takes contacts out of groups; how many links went."""
    mine = group_column(link).in_(list(group_ids)) & link.contact_serial.in_(list(serials))
    return connection.execute(delete(link).where(mine)).rowcount


def replace(connection: Connection, link: Link, group_ids: Sequence[UUID], serial: int) -> bool:
    """Sets the groups of one contact; whether that changed any."""
    there = set(connection.scalars(select(group_column(link)).where(link.contact_serial == serial)))
    if there == set(group_ids):
        return False
    take(connection, link, there - set(group_ids), [serial])
    add(connection, link, [id_ for id_ in group_ids if id_ not in there], [serial])
    return True


def _insert_if_new(connection: Connection, model: type[Any], rows: list[dict[str, Any]]) -> None:
    make = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    connection.execute(make(model).on_conflict_do_nothing(), rows)
