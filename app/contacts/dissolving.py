"""The end of a category or a tag: its contacts leave it or go over to another, part by part, and then it is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, func, literal_column, select

from app.accounts import audit
from app.contacts import grouping
from app.contacts.grouping import Link, group_column
from app.contacts.models import Category, Contact, ContactCategory, ContactTag, Tag
from app.contacts.segments.repointing import repoint_tag
from app.core import events, jobs
from app.core.access import Actor
from app.core.db import db, write
from app.core.errors import NotFound

PART = 250  # contacts of one write transaction: 2 to 10 ms, also where 200,000 are in it
AT_ONCE = 5_000  # contacts that leave while somebody waits; more are left to a worker


class Ending(StrEnum):
    """How it ends; also the kind of the long job."""

    DELETE_CATEGORY = "delete_category"
    DELETE_TAG = "delete_tag"
    MERGE_TAGS = "merge_tags"


@dataclass(frozen=True, slots=True)
class Dissolved:
    """Which group ends; `into`: the tag that its contacts get instead."""

    ending: Ending
    account_id: UUID
    id: UUID
    into: UUID | None = None

    @classmethod
    def from_params(cls, ending: Ending, account_id: UUID, params: dict[str, Any]) -> Dissolved:
        """Of a job; `to_params` wrote them."""
        return cls(ending, account_id, UUID(params["id"]), UUID(params["into"]) if "into" in params else None)

    def to_params(self) -> dict[str, str]:
        return {"id": str(self.id), **({"into": str(self.into)} if self.into is not None else {})}

    @property
    def group(self) -> type[Category] | type[Tag]:
        return Category if self.ending == Ending.DELETE_CATEGORY else Tag

    @property
    def link(self) -> Link:
        return ContactCategory if self.ending == Ending.DELETE_CATEGORY else ContactTag


def dissolve(actor: Actor, dissolved: Dissolved, *, at_once: int = AT_ONCE) -> UUID | None:
    """Does it while somebody waits, or has a worker do it when more than `at_once` contacts leave: the job's id. Raises
    NotFound, or Conflict when too many such jobs wait."""
    if count(db.session.connection(), dissolved, at_once + 1) > at_once:
        with write() as session:
            return jobs.start(
                session.connection(),
                account_id=dissolved.account_id,
                kind=dissolved.ending,
                params=dissolved.to_params(),
                created_by=actor.user_id,
            )
    number, is_last = 0, False
    while not is_last:
        with write() as session:
            left = leave(session.connection(), dissolved)
            number, is_last = number + left, left < PART
            if is_last:
                end(session.connection(), actor, dissolved, number)
    return None


def count(connection: Connection, dissolved: Dissolved, most: int | None = None) -> int:
    """Contacts that leave, those in the trash too; up to `most`."""
    one: ColumnElement[int] = literal_column("1")
    members = select(one).where(group_column(dissolved.link) == dissolved.id).limit(most)
    return connection.scalar(select(func.count()).select_from(members.subquery())) or 0


def leave(connection: Connection, dissolved: Dissolved) -> int:
    """Lets a part of the contacts leave; how many. Fewer than PART: they were the last. Raises NotFound when the tag
    that they should get is gone meanwhile."""
    link, column = dissolved.link, group_column(dissolved.link)
    members = select(link.contact_serial).where(column == dissolved.id).order_by(link.contact_serial).limit(PART)
    serials = connection.scalars(members).all()
    if not serials:
        return 0
    if dissolved.into is not None:
        _hold(connection, dissolved.into)
        grouping.add(connection, link, [dissolved.into], _held(connection, serials))
    grouping.take(connection, link, [dissolved.id], serials)
    return len(serials)


def _hold(connection: Connection, tag_id: UUID) -> None:
    """The tag stays until the end of this transaction."""
    wanted = select(Tag.id).where(Tag.id == tag_id).with_for_update(read=True, key_share=True)
    if connection.scalar(wanted) is None:
        raise NotFound


def _held(connection: Connection, serials: Sequence[int]) -> Sequence[int]:
    """Those of the contacts that are there, and stay to the end of this transaction: a merge may just take one away."""
    there = select(Contact.serial).where(Contact.serial.in_(serials)).order_by(Contact.serial)
    return connection.scalars(there.with_for_update(read=True, key_share=True)).all()


def end(connection: Connection, actor: Actor, dissolved: Dissolved, number: int) -> None:
    """Removes the group that `number` contacts left, with its entry in the audit; nothing when it is gone already."""
    group = dissolved.group
    mine = (group.id == dissolved.id) & (group.account_id == dissolved.account_id)
    name = connection.scalar(select(group.name).where(mine).with_for_update())
    if name is None:
        return
    if dissolved.into is not None:
        repoint_tag(connection, dissolved.account_id, dissolved.id, dissolved.into)
        merged = {"keptId": str(dissolved.into), "mergedId": str(dissolved.id)}
        events.emit(connection, "tag.merged", dissolved.account_id, merged)
    connection.execute(delete(group).where(mine))
    changes: audit.Changes = {"number": [None, number]}
    if dissolved.into is not None:
        changes["into"] = [None, connection.scalar(select(Tag.name).where(Tag.id == dissolved.into))]
    audit.record(connection, actor, ACTIONS[dissolved.ending], subject_id=dissolved.id, subject=name, changes=changes)


ACTIONS = {
    Ending.DELETE_CATEGORY: "category.deleted",
    Ending.DELETE_TAG: "tag.deleted",
    Ending.MERGE_TAGS: "tag.merged",
}
