"""Making one contact of two: the verb behind the page and the API."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.contacts import news, timeline
from app.contacts import service as contacts
from app.contacts.merging import moving
from app.contacts.models import Contact, ContactMerge
from app.contacts.service import NEEDS_SOMETHING
from app.core import clock, events
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import uuid7

OWN = "customFields."
COLUMNS = {
    "name": ("name",),
    "phoneNumber": ("phone", "phone_key", "phone_raw", "wa_id", "wa_user_id", "zapi_lid"),  # WhatsApp's names of it
    "email": ("email",),
    "company": ("company",),
    "locale": ("locale",),
    "ownerId": ("owner_id",),
}  # names of the wire -> what moves with them
NO_OTHER = _l("There is no such contact.")
ITSELF = _l("A contact cannot be merged with itself.")
NO_FIELD = _l("There is no such field.")
TAKEN = _l("There is a third contact with this phone number or e-mail address. Merge that one first.")


def merge(
    actor: Actor,
    kept_id: UUID | None,
    other_id: UUID | None,
    take: Collection[str] = (),
    *,
    version: int | None = None,
    other_version: int | None = None,
) -> Contact:
    """Joins the other contact into the kept one, for good. `take` names the fields that come from the other one:
    `name`, `phoneNumber`, `email`, `company`, `locale`, `ownerId`, `customFields.<key>`. Tags, categories, timeline and
    the log of consents are joined; of each consent the stricter one holds. Raises NotFound, Invalid, and Conflict with
    the contact whose version is not the given one, or with a third one in the way.

    `contact.merged` is told before the other row goes, so that whoever keeps rows of contacts moves them."""
    if kept_id is not None and kept_id == other_id:
        raise Invalid({"otherId": [ITSELF]})
    session = db.session()
    kept, other = _both(session, actor.account_id, kept_id, other_id)
    contacts.refuse_stale(kept, version)
    contacts.refuse_stale(other, other_version)
    values = _chosen(kept, other, take)
    _refuse_third(session, kept, other, values)
    gone, hint = news.of(other), contacts.hint(other)
    consents = moving.stricter(kept, other)
    _join(session, actor, kept, other, take)
    events.emit(session.connection(), "contact.deleted", actor.account_id, gone)
    identity = {name: values.get(name, getattr(kept, name)) for name in ("phone_key", "email")}
    with contacts.only_one(session, actor.account_id, identity, besides=kept):
        changed = _apply(kept, values)
    contacts.touched(session, actor, kept, changed)
    moving.keep_stricter(session, actor, kept, consents)
    session.flush()
    changes: dict[str, list[Any]] = {"merged": [None, hint or str(gone["contactId"])], "fields": [None, list(take)]}
    audit.record(session, actor, "contact.merged", subject_id=kept.id, subject=contacts.hint(kept), changes=changes)
    return kept


def differing(kept: Contact, other: Contact, keys: Sequence[str]) -> list[str]:
    """The fields, by their names of the wire, that are not the same in both; `keys` are those of the account's custom
    fields."""
    plain = [name for name, columns in COLUMNS.items() if getattr(kept, columns[0]) != getattr(other, columns[0])]
    return plain + [OWN + key for key in keys if kept.custom.get(key) != other.custom.get(key)]


def _both(session: Session, account_id: UUID, kept_id: UUID | None, other_id: UUID | None) -> tuple[Contact, Contact]:
    """Both rows locked in one order, so that two merges of the same two wait for each other."""
    wanted = select(Contact).where(
        Contact.account_id == account_id, Contact.id.in_([kept_id, other_id]), Contact.deleted_at.is_(None)
    )
    locked = wanted.order_by(Contact.serial).with_for_update().execution_options(populate_existing=True)
    found = {contact.id: contact for contact in session.scalars(locked)}
    if kept_id not in found:
        raise NotFound
    if other_id not in found:
        raise Invalid({"otherId": [NO_OTHER]})
    return found[kept_id], found[other_id]


def _chosen(kept: Contact, other: Contact, take: Collection[str]) -> dict[str, Any]:
    """The columns of the kept contact as they will be. Raises Invalid."""
    values: dict[str, Any] = {"custom": dict(kept.custom)}
    for name in take:
        key = name.removeprefix(OWN)
        if name in COLUMNS:
            values |= {column: getattr(other, column) for column in COLUMNS[name]}
        elif key != name and (key in kept.custom or key in other.custom):
            values["custom"][key] = other.custom.get(key)
        else:
            raise Invalid({"take": [NO_FIELD]})
    values["custom"] = {key: value for key, value in values["custom"].items() if value is not None}
    heard = [at for at in (kept.last_inbound_at, other.last_inbound_at) if at is not None]
    values["last_inbound_at"] = max(heard, default=None)
    if not any(values.get(name, getattr(kept, name)) for name in ("name", "phone", "email")):
        raise Invalid({"take": [NEEDS_SOMETHING]})
    return values


def _refuse_third(session: Session, kept: Contact, other: Contact, values: dict[str, Any]) -> None:
    key, email = (values.get(name, getattr(kept, name)) for name in ("phone_key", "email"))
    same = contacts.find_same(session, kept.account_id, key, email)
    if same is not None and same not in (kept, other):
        raise Conflict(TAKEN, current=same)


def _join(session: Session, actor: Actor, kept: Contact, other: Contact, take: Collection[str]) -> None:
    """Everything that hangs on the other one to the kept one; then its row goes, so that its phone is free."""
    connection = session.connection()
    moving.join_groups(connection, kept.serial, other.serial)
    moving.move_history(connection, kept.account_id, kept.id, other.id)
    merged = {"keptId": str(kept.id), "mergedId": str(other.id)}
    events.emit(connection, "contact.merged", actor.account_id, merged)
    timeline.note(connection, kept.account_id, kept.id, "contact.merged", {"mergedId": str(other.id)}, actor)
    session.add(
        ContactMerge(
            id=uuid7(),
            account_id=kept.account_id,
            kept_id=kept.id,
            merged_id=other.id,
            taken=list(take),
            actor_id=actor.user_id,
            actor=actor.name[:254],
            at=clock.now(),
        )
    )
    session.delete(other)
    session.flush()


def _apply(kept: Contact, values: dict[str, Any]) -> list[str]:
    """The fields that changed."""
    before = {name: getattr(kept, name) for name in values}
    for name, value in values.items():
        setattr(kept, name, value)
    return news.differing(before, values)
