"""A tag put on the card's contact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contacts import grouping, service
from app.contacts.models import Contact, ContactTag, Tag
from app.contacts.values import MAX_TAGS, check_tags
from app.core.errors import Invalid
from app.funnels.models import Funnel
from app.funnels.rules.actions.action import Action, Kept, Scene, Undone, Why, Wrong, id_in
from app.funnels.rules.names import Names, Ref, RefKind

NO_TAG = _l("There is no such tag.")


class AddTag(Action):
    kind = "add_tag"
    label = _l("Add a tag")
    value = "tagId"
    input = "tag"
    members = frozenset({"tagId", "tag"})

    def check(self, session: Session, funnel: Funnel, given: Mapping[str, Any]) -> Kept:
        """By `tagId`, or by `tag`, a name, which is made where it is new."""
        if "tagId" in given:
            return {"tagId": str(tag_of(session, funnel, id_in(given, "tagId")))}
        return {"tagId": str(tag_named(session, funnel, given.get("tag")))}

    def run(self, scene: Scene, action: Kept) -> None:
        session, tag_id = scene.session, id_in(action, "tagId")
        stays = select(Tag.id).where(Tag.id == tag_id, Tag.account_id == scene.rule.account_id)
        if tag_id is None or session.scalar(stays.with_for_update(read=True, key_share=True)) is None:
            raise Undone(Why.GONE_TAG)
        there = select(Contact).where(Contact.id == scene.card.contact_id, Contact.deleted_at.is_(None))
        contact = session.scalar(there.execution_options(populate_existing=True))
        if contact is None:
            raise Undone(Why.NO_CONTACT)
        has = set(session.scalars(select(ContactTag.tag_id).where(ContactTag.contact_serial == contact.serial)))
        if tag_id in has:
            return
        if len(has) >= MAX_TAGS:
            raise Undone(Why.FULL)
        grouping.add(session.connection(), ContactTag, [tag_id], [contact.serial])
        service.touched(session, scene.rule.doer.actor, contact, ["tags"])

    def words(self, action: Kept, names: Names) -> str:
        return str(_("tag with “%(tag)s”", tag=names.of(self.refers(action))))

    def refers(self, action: Kept) -> Ref | None:
        tag_id = id_in(action, "tagId")
        return Ref(RefKind.TAG, tag_id) if tag_id else None

    leads_to = refers


def tag_of(session: Session, funnel: Funnel, id: UUID | None) -> UUID:
    """The id of a tag of the account. Raises Wrong."""
    mine = select(Tag.id).where(Tag.account_id == funnel.account_id, Tag.id == id)
    found = session.scalar(mine) if id is not None else None
    if found is None:
        raise Wrong("tagId", NO_TAG)
    return found


def tag_named(session: Session, funnel: Funnel, name: Any) -> UUID:
    """The id of the tag of a name, made where it is new. Raises Wrong."""
    try:
        names = check_tags([name]) if isinstance(name, str) else []
    except Invalid as error:
        raise Wrong("tag", error.fields["tags"][0]) from None
    if not names:
        raise Wrong("tag", _l("Say which tag."))
    return grouping.tag_ids(session.connection(), funnel.account_id, names)[0]
