"""The verbs on tags, shared by pages and API. Most tags are made where they are used: `grouping.tag_ids`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, select

from app.accounts import audit
from app.contacts import named
from app.contacts.dissolving import Dissolved, Ending, dissolve
from app.contacts.models import Tag
from app.contacts.values import MAX_TAG
from app.core import clock
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Invalid
from app.core.folding import folded_name
from app.core.ids import uuid7
from app.core.pagination import Column, order_by

TAKEN = _l("There is a tag with this name already. Merge the two to make them one.")
SORTS: dict[str, Column] = {"name": Tag.folded_name, "createdAt": Tag.created_at}
OFFERED = 200  # names that a box suggests


def search(account_id: UUID, *, text: str = "", sort: str | None = None) -> Select[Tag]:
    """The account's tags as a query for a page of it. Raises Invalid for an unknown order."""
    found = select(Tag).where(Tag.account_id == account_id)
    if (held := named.holding(Tag.folded_name, text)) is not None:
        found = found.where(held)
    return found.order_by(*order_by(sort, SORTS, "name", Tag.id))


def get(account_id: UUID, id: UUID | None, *, lock: bool = False) -> Tag:
    """Raises NotFound, also for another account's."""
    return named.get(Tag, account_id, id, lock=lock)


def find(account_id: UUID, name: str) -> Tag | None:
    """By name, accents and case aside."""
    return db.session.scalar(select(Tag).where(_of_name(account_id, name)))


def others(tag: Tag) -> list[str]:
    """Names of other tags of the account, for a box to suggest."""
    found = select(Tag.name).where(Tag.account_id == tag.account_id, Tag.id != tag.id)
    return list(db.session.scalars(found.order_by(Tag.folded_name).limit(OFFERED)))


def create(actor: Actor, name: Any) -> Tag:
    """A tag that no contact has yet. Raises Invalid, or Taken with the tag of this name."""
    clean = named.name_from(name, MAX_TAG)
    tag = Tag(
        id=uuid7(), account_id=actor.account_id, name=clean, folded_name=folded_name(clean)[:MAX_TAG],
        created_at=clock.now(), version=1,
    )  # fmt: skip
    with named.only_one(_of_name(actor.account_id, clean), Tag, TAKEN):
        db.session.add(tag)
    audit.record(db.session(), actor, "tag.created", subject_id=tag.id, subject=tag.name)
    return tag


def rename(actor: Actor, id: UUID | None, name: Any, *, version: int | None = None) -> Tag:
    """Renames a tag on all of its contacts. Raises NotFound, Invalid, Taken with the tag of this name, or Conflict with
    the current tag when `version` is not the stored one."""
    tag = get(actor.account_id, id, lock=True)
    named.refuse_stale(tag, version)
    clean = named.name_from(name, MAX_TAG)
    before = tag.name
    if clean == before:
        return tag
    with named.only_one(_of_name(actor.account_id, clean), Tag, TAKEN):
        tag.name, tag.folded_name = clean, folded_name(clean)[:MAX_TAG]
        tag.version += 1
    changes: audit.Changes = {"name": [before, clean]}
    audit.record(db.session(), actor, "tag.renamed", subject_id=tag.id, subject=clean, changes=changes)
    return tag


def merge(actor: Actor, tag: Tag, into: Tag | None) -> UUID | None:
    """Gives the contacts of `tag` the tag `into`, and ends `tag`. Not inside `write()`: see `dissolve`, whose job's id
    it returns. Raises Invalid (`into`)."""
    if into is None:
        raise Invalid({"into": [_l("There is no such tag.")]})
    if into.id == tag.id:
        raise Invalid({"into": [_l("This is the same tag. Name the other one.")]})
    return dissolve(actor, Dissolved(Ending.MERGE_TAGS, actor.account_id, tag.id, into.id))


def delete(actor: Actor, tag: Tag) -> UUID | None:
    """Deletes a tag; its contacts stay. Not inside `write()`: see `dissolve`, whose job's id it returns."""
    return dissolve(actor, Dissolved(Ending.DELETE_TAG, actor.account_id, tag.id))


def _of_name(account_id: UUID, name: str) -> ColumnElement[bool]:
    return (Tag.account_id == account_id) & (Tag.folded_name == folded_name(name)[:MAX_TAG])
