"""How many contacts are in a category or have a tag, counted up to where the exact number tells nobody more."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, literal_column, select

from app.contacts.grouping import Link, group_column
from app.contacts.models import Category, Contact, ContactCategory, Tag
from app.core.pagination import MAX_COUNT

FEW_DELETED = 10_000
_ONE: ColumnElement[int] = literal_column("1")


class Size(NamedTuple):
    """`more`: there are more than `number`."""

    number: int = 0
    more: bool = False


def sizes(
    connection: Connection, account_id: UUID, link: Link, ids: Collection[UUID], *, most: int = MAX_COUNT
) -> dict[UUID, Size]:
    """Of each of the groups, without deleted contacts. To look at the contacts themselves takes 5 ms for ten thousand,
    and fifty groups may be on a page: those that are too large whatever was deleted are told by their links alone."""
    deleted = _deleted(connection)
    found = dict.fromkeys(ids, 0)
    if deleted <= FEW_DELETED:
        found |= _counted(connection, account_id, link, ids, most + deleted + 1, with_deleted=True)
    rest = [id_ for id_, number in found.items() if number <= most + deleted]
    found |= _counted(connection, account_id, link, rest, most + 1)
    return {id_: Size(min(number, most), number > most) for id_, number in found.items()}


def size(connection: Connection, account_id: UUID, link: Link, id: UUID) -> Size:
    return sizes(connection, account_id, link, [id])[id]


def _deleted(connection: Connection) -> int:
    """Deleted contacts of all accounts, counted a little past FEW_DELETED."""
    some = select(_ONE).where(Contact.deleted_at.is_not(None)).limit(FEW_DELETED + 1).subquery()
    return connection.scalar(select(func.count()).select_from(some)) or 0


def _counted(
    connection: Connection,
    account_id: UUID,
    link: Link,
    ids: Collection[UUID],
    most: int,
    *,
    with_deleted: bool = False,
) -> dict[UUID, int]:
    """Contacts of each of the groups that are there, up to `most`."""
    group = Category if link is ContactCategory else Tag
    members = select(_ONE).select_from(link).where(group_column(link) == group.id)
    if not with_deleted:
        members = members.join(Contact, Contact.serial == link.contact_serial).where(
            Contact.account_id == account_id, Contact.deleted_at.is_(None)
        )
    some = members.correlate(group).limit(most).subquery()
    number = select(func.count()).select_from(some).correlate(group).scalar_subquery()
    counted = select(group.id, number).where(group.account_id == account_id, group.id.in_(ids))
    return {row[0]: row[1] for row in connection.execute(counted)}
