"""The verbs on one contact, shared by pages and API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.models import Account, User
from app.contacts import grouping, news, search, timeline
from app.contacts.consent import suppression
from app.contacts.fields.models import CustomField
from app.contacts.identity import other_form
from app.contacts.models import Contact, ContactCategory, ContactTag
from app.contacts.values import check, check_tags, derive
from app.core import clock, events
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound, Text
from app.core.ids import to_uuid, uuid7
from app.core.masking import hinted_email, masked_phone
from app.core.runtime import runtime

FORGOTTEN = _l("This person asked to be forgotten, and is not taken in again unless they ask for it themselves.")
NEEDS_SOMETHING = _l("A name, a phone number or an e-mail address is needed.")
PLAIN = ("name", "phone", "email", "company", "locale", "owner_id")


class Source(StrEnum):
    """How a contact came."""

    FORM = "form"
    API = "api"
    IMPORT = "import"
    MESSAGE = "message"  # wrote to us
    DEMO = "demo"


def get(account_id: UUID, id: UUID | None, *, lock: bool = False) -> Contact:
    """The contact, for a change with its row locked. Raises NotFound, also for a deleted one and another account's."""
    wanted = select(Contact).where(Contact.account_id == account_id, Contact.id == id, Contact.deleted_at.is_(None))
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    contact = db.session.scalar(wanted) if id is not None else None
    if contact is None:
        raise NotFound
    return contact


def fields_of(account_id: UUID) -> Sequence[CustomField]:
    """The account's custom fields, in their order."""
    found = select(CustomField).where(CustomField.account_id == account_id)
    return db.session.scalars(found.order_by(CustomField.position, CustomField.folded_label)).all()


def country_of(account_id: UUID) -> str:
    """The calling code of the account's national numbers."""
    return db.session.scalar(select(Account.country_code).where(Account.id == account_id)) or "55"


def find_same(session: Session, account_id: UUID, phone_key: str | None, email: str | None) -> Contact | None:
    """The contact that another of this phone would be, or of this e-mail address where there is no phone."""
    mine = select(Contact).where(Contact.account_id == account_id, Contact.deleted_at.is_(None))
    if phone_key is not None:
        return session.scalar(mine.where(Contact.phone_key == phone_key))
    if email is None:
        return None
    return session.scalar(mine.where(Contact.email == email, Contact.phone_key.is_(None)))


def create(actor: Actor, values: dict[str, Any], source: Source) -> Contact:
    """A new contact. `values`: `name`, `phoneNumber`, `email`, `company`, `locale`, `ownerId`, `customFields` (key →
    value), `tags` (names) and `categoryIds`. Raises Invalid by these names, or Conflict with the contact that is there
    already. A person who said no before starts as one who said no."""
    session = db.session()
    clean = _checked(actor.account_id, values, {})
    tags, categories = check_tags(values.get("tags") or []), values.get("categoryIds") or []
    _refuse_same(session, actor.account_id, clean)
    consents = _starting_consents(session, actor.account_id, clean)
    now = clock.now()
    contact = Contact(
        **{"name": "", "custom": {}, **clean, **consents},
        id=uuid7(),
        account_id=actor.account_id,
        source=source,
        created_by=actor.user_id,
        created_at=now,
        updated_at=now,
        version=1,
    )
    contact.custom = {key: value for key, value in contact.custom.items() if value is not None}
    derive(contact)
    with only_one(session, actor.account_id, clean):
        session.add(contact)
    _group(session, actor.account_id, contact, tags, [_id(one) for one in categories])
    connection = session.connection()
    search.tend(connection)
    timeline.note(connection, actor.account_id, contact.id, "contact.created", {"source": str(source)}, actor)
    events.emit(connection, "contact.created", actor.account_id, news.of(contact))
    return contact


def update(actor: Actor, id: UUID | None, values: dict[str, Any], *, version: int | None = None) -> Contact:
    """Changes what `values` gives (as in `create`); `customFields` changes the fields that it names. Raises NotFound,
    Invalid, or Conflict with the current contact when `version` is not the stored one or another contact has its new
    phone or e-mail address."""
    session = db.session()
    contact = get(actor.account_id, id, lock=True)
    refuse_stale(contact, version)
    values = _without_what_stays(contact, values)
    clean = _checked(actor.account_id, values, {name: getattr(contact, name) for name in ("name", "phone", "email")})
    identity = _identity(contact) | clean
    if {"phone_key", "email"} & clean.keys():
        _refuse_same(session, actor.account_id, identity, besides=contact)
    with only_one(session, actor.account_id, identity, besides=contact):
        changed = _apply(session, contact, clean)
    if "tags" in values:
        ids = grouping.tag_ids(session.connection(), actor.account_id, check_tags(values["tags"] or []))
        if grouping.replace(session.connection(), ContactTag, ids, contact.serial):
            changed.append("tags")
    if "categoryIds" in values:
        wanted = [_id(one) for one in values["categoryIds"] or []]
        ids = grouping.category_ids(session.connection(), actor.account_id, wanted)
        if grouping.replace(session.connection(), ContactCategory, ids, contact.serial):
            changed.append("categories")
    if changed:
        touched(session, actor, contact, changed)
    return contact


def _without_what_stays(contact: Contact, values: dict[str, Any]) -> dict[str, Any]:
    """Values of own fields as they are stay unchecked: an option that was taken off its field meanwhile, say."""
    if not values.get("customFields"):
        return values
    own = values["customFields"].items()
    return values | {"customFields": {key: one for key, one in own if one != contact.custom.get(key, ...)}}


def touched(session: Session, actor: Actor | None, contact: Contact, changed: Sequence[str]) -> None:
    """What every change of a contact brings with it; `changed` names fields."""
    contact.updated_at = clock.now()
    contact.version += 1
    derive(contact)
    session.flush()
    connection = session.connection()
    search.tend(connection)
    timeline.note(connection, contact.account_id, contact.id, "contact.updated", {"fields": list(changed)}, actor)
    events.emit(connection, "contact.updated", contact.account_id, news.of(contact, changed))


def delete(actor: Actor, id: UUID | None, *, version: int | None = None) -> Contact:
    """Deletes a contact, for now so that it can be brought back (`restore`). Raises NotFound or Conflict."""
    contact = get(actor.account_id, id, lock=True)
    refuse_stale(contact, version)
    session = db.session()
    contact.deleted_at = contact.updated_at = clock.now()
    contact.version += 1
    session.flush()
    record(session, actor, "contact.deleted", contact)
    events.emit(session.connection(), "contact.deleted", actor.account_id, news.of(contact))
    return contact


def restore(actor: Actor, id: UUID | None) -> Contact:
    """Brings back a deleted contact. Raises NotFound, also for one that was anonymised since, or Conflict when another
    one has its phone by now."""
    session = db.session()
    wanted = select(Contact).where(Contact.account_id == actor.account_id, Contact.id == id)
    contact = session.scalar(wanted.with_for_update().execution_options(populate_existing=True))
    if contact is None or (contact.deleted_at and contact.anonymised_at):
        raise NotFound
    if contact.deleted_at is None:
        return contact
    _refuse_same(session, actor.account_id, _identity(contact), besides=contact)
    with only_one(session, actor.account_id, _identity(contact), besides=contact):
        contact.deleted_at, contact.updated_at = None, clock.now()
        contact.version += 1
    record(session, actor, "contact.restored", contact)
    events.emit(session.connection(), "contact.created", actor.account_id, news.of(contact))
    events.emit(session.connection(), "contact.restored", actor.account_id, news.of(contact))
    return contact


def refuse_stale(contact: Contact, version: int | None) -> None:
    if version is not None and version != contact.version:
        raise Conflict(current=contact)


def record(session: Session, actor: Actor, action: str, contact: Contact) -> None:
    """In the audit, where a contact is a hint: it outlives the contact."""
    audit.record(session, actor, action, subject_id=contact.id, subject=hint(contact))


def hint(contact: Contact) -> str | None:
    """Enough of a contact to know it again, too little to reach it."""
    if contact.phone:
        return masked_phone(contact.phone)
    return hinted_email(contact.email) if contact.email else None


def _checked(account_id: UUID, values: dict[str, Any], present: dict[str, Any]) -> dict[str, Any]:
    clean, wrong = check(values, fields_of(account_id), country_of(account_id))
    if clean.get("owner_id") and "ownerId" not in wrong and not _is_of_account(account_id, clean["owner_id"]):
        wrong["ownerId"] = [_l("There is no such person.")]
    if not wrong and not any((present | clean).get(name) for name in ("name", "phone", "email")):
        wrong["name"] = [NEEDS_SOMETHING]
    if wrong:
        raise Invalid(wrong)
    return clean


def _is_of_account(account_id: UUID, user_id: UUID) -> bool:
    mine = select(User.id).where(User.id == user_id, User.account_id == account_id)
    return db.session.scalar(mine) is not None


def _identity(contact: Contact) -> dict[str, Any]:
    return {"phone_key": contact.phone_key, "email": contact.email}


def _refuse_same(session: Session, account_id: UUID, clean: dict[str, Any], besides: Contact | None = None) -> None:
    with session.no_autoflush:
        same = find_same(session, account_id, clean.get("phone_key"), clean.get("email"))
    if same is not None and same is not besides:
        raise Conflict(_same_words(clean), current=same)


@contextmanager
def only_one(
    session: Session, account_id: UUID, clean: dict[str, Any], besides: Contact | None = None
) -> Iterator[None]:
    """Around what sets a phone or an address: Conflict with the other contact also where another request was quicker,
    as the index says then."""
    try:
        with session.begin_nested():
            yield
    except IntegrityError:
        _refuse_same(session, account_id, clean, besides)
        raise


def _same_words(clean: dict[str, Any]) -> Text:
    if clean.get("phone_key") is None:
        return _l("There is a contact with this e-mail address already.")
    if other_form(clean["phone_key"]):
        return _l("There is a contact with this phone number already, with or without the ninth digit.")
    return _l("There is a contact with this phone number already.")


def _starting_consents(session: Session, account_id: UUID, clean: dict[str, Any]) -> dict[str, str]:
    hashes = suppression.hashes_of(runtime().settings.pii_hash_key, clean.get("phone_key"), clean.get("email"))
    found = suppression.find(session.connection(), account_id, hashes.values())
    if suppression.is_erased(found.values()):
        raise Invalid({"phoneNumber" if clean.get("phone_key") else "email": [FORGOTTEN]})
    return suppression.starting_consents(*(found.get(hashes.get(kind, "")) for kind in ("phone", "email")))


def _apply(session: Session, contact: Contact, clean: dict[str, Any]) -> list[str]:
    """Sets the columns; the names of the fields that changed."""
    changed = []
    for name in PLAIN:
        if name in clean and getattr(contact, name) != clean[name]:
            setattr(contact, name, clean[name])
            changed.append(name)
    for name in ("phone_key", "phone_raw"):
        if name in clean:
            setattr(contact, name, clean[name])
    own = {key: value for key, value in {**contact.custom, **clean.get("custom", {})}.items() if value is not None}
    changed += [f"custom.{key}" for key in clean.get("custom", {}) if own.get(key) != contact.custom.get(key)]
    contact.custom = own
    if "phone" in changed or "email" in changed:
        for column, state in _starting_consents(session, contact.account_id, _identity(contact)).items():
            if state == "denied":  # whoever has this number or address said no before
                setattr(contact, column, state)
    return changed


def _group(
    session: Session, account_id: UUID, contact: Contact, tags: list[str], categories: list[UUID | None]
) -> None:
    connection = session.connection()
    grouping.add(connection, ContactTag, grouping.tag_ids(connection, account_id, tags), [contact.serial])
    grouping.add(
        connection, ContactCategory, grouping.category_ids(connection, account_id, categories), [contact.serial]
    )


def _id(value: Any) -> UUID | None:
    return value if isinstance(value, UUID) else to_uuid(value)
