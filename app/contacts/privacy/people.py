"""Who is meant by a phone or an e-mail address: the contacts, those merged with them, and all they are known by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, select
from sqlalchemy.orm import Session

from app.contacts.identity import phone_key
from app.contacts.models import Contact, ContactMerge
from app.core.privacy import Subject

MOST = 200  # contacts of one person
Store = Session | Connection
COLUMNS = (Contact.id, Contact.serial, Contact.name, Contact.phone, Contact.email, Contact.deleted_at)


def keys_of(subject: Subject) -> list[str]:
    return [phone_key(phone.removeprefix("+")) for phone in subject.phones]


def contacts_of(store: Store, account_id: UUID, subject: Subject) -> Sequence[Row[Any]]:
    """The person's contacts, deleted ones too. An e-mail address can be a family's: where a phone is known, only a
    contact without one is found by the address."""
    by_id = Contact.id.in_(subject.contact_ids)
    by_phone = Contact.phone_key.in_(keys_of(subject))
    by_mail: ColumnElement[bool] = Contact.email.in_(subject.emails)
    if subject.phones:
        by_mail &= Contact.phone_key.is_(None)
    is_kept = Contact.deleted_at.is_(None)
    wanted = [by_id, by_phone & is_kept, by_mail & is_kept, (by_phone | by_mail) & ~is_kept]
    found: dict[int, Row[Any]] = {}
    for one in wanted:  # one by one: each has an index of its own
        rows = store.execute(select(*COLUMNS).where(Contact.account_id == account_id, one).limit(MOST))
        found |= {row.serial: row for row in rows}
    return [found[serial] for serial in sorted(found)]


def widened(store: Store, account_id: UUID, asked: Subject) -> Subject:
    """With what the person's contacts, and those merged with them, are known by: an event may carry the other one."""
    ids = {row.id for row in contacts_of(store, account_id, asked)} | set(asked.contact_ids)
    while new := _merged_with(store, account_id, ids) - ids:
        ids |= new
    known = Subject(asked.phones, asked.emails, tuple(sorted(ids)), asked.refs)
    rows = contacts_of(store, account_id, known)
    phones = dict.fromkeys([*asked.phones, *(row.phone for row in rows if row.phone)])
    emails = dict.fromkeys([*asked.emails, *(row.email for row in rows if row.email)])
    return Subject(tuple(phones), tuple(emails), known.contact_ids, asked.refs)


def _merged_with(store: Store, account_id: UUID, ids: set[UUID]) -> set[UUID]:
    found: set[UUID] = set()
    for side in (ContactMerge.kept_id, ContactMerge.merged_id):
        mine = select(ContactMerge.kept_id, ContactMerge.merged_id).where(ContactMerge.account_id == account_id)
        found |= {id_ for row in store.execute(mine.where(side.in_(ids)).limit(MOST)) for id_ in row}
    return found
