"""Taking a person out of the contacts: emptied, so that counts stay, or gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, select, update

from app.contacts import news, search, timeline
from app.contacts.consent import suppression
from app.contacts.consent.models import ConsentEvent, Suppression
from app.contacts.consent.states import ANY_CHANNEL, Suppressed
from app.contacts.importing.models import ContactImport, ImportChange
from app.contacts.models import Contact, ContactCategory, ContactMerge, ContactTag, TimelineEntry
from app.contacts.privacy import people
from app.core import clock, events
from app.core.privacy import Begin, Counts, How, Subject
from app.core.runtime import runtime

PART = 200
EMPTY: dict[str, Any] = {
    "name": "", "folded_name": "", "phone": None, "phone_key": None, "phone_raw": None, "email": None, "company": None,
    "custom": {}, "wa_id": None, "wa_user_id": None, "zapi_lid": None, "searchable": "",
}  # fmt: skip


def erase(begin: Begin, account_id: UUID, subject: Subject, how: How) -> Counts:
    """The contacts last: by them the rest is found when this is begun again."""
    counts: Counter[str] = Counter()
    if how == How.DELETE:
        with begin() as connection:
            suppress(connection, account_id, subject)
    ids = _all_ids(begin, account_id, subject)
    with begin() as connection:
        counts["import_change"] = _drop_changes(connection, account_id, ids)
    if how == How.DELETE:
        for model in (ConsentEvent, TimelineEntry):
            _in_parts(begin, counts, model.__tablename__, _dropping(model, account_id, ids))
        _in_parts(begin, counts, "contact_merge", lambda connection: _drop_merges(connection, account_id, ids))
    else:
        with begin() as connection:
            told = (ConsentEvent.account_id == account_id) & ConsentEvent.contact_id.in_(ids)
            emptied = update(ConsentEvent).where(told).values(ip_address=None, detail=None)
            counts["consent_event"] = connection.execute(emptied).rowcount
    for id_ in ids:
        with begin() as connection:
            counts.update(_erase_one(connection, account_id, id_, how))
    return {table: number for table, number in counts.items() if number}


def suppress(connection: Connection, account_id: UUID, subject: Subject) -> None:
    """Nobody takes the person in again; a refusal of every channel that was there becomes this."""
    key = runtime().settings.pii_hash_key
    hashes = [suppression.hash_of(key, "phone", one) for one in people.keys_of(subject)]
    hashes += [suppression.hash_of(key, "email", one) for one in subject.emails]
    suppression.add(connection, account_id, hashes, Suppressed.ERASED)
    theirs = (
        (Suppression.account_id == account_id) & Suppression.hash.in_(hashes) & (Suppression.channel == ANY_CHANNEL)
    )
    connection.execute(update(Suppression).where(theirs).values(reason=Suppressed.ERASED))


def _all_ids(begin: Begin, account_id: UUID, subject: Subject) -> list[UUID]:
    with begin() as connection:
        rows = people.contacts_of(connection, account_id, subject)
    return sorted({row.id for row in rows} | set(subject.contact_ids))


def _in_parts(begin: Begin, counts: Counter[str], table: str, part: Callable[[Connection], int]) -> None:
    while True:
        with begin() as connection:
            done = part(connection)
        counts[table] += done
        if done < PART:
            return


def _dropping(model: Any, account_id: UUID, ids: Sequence[UUID]) -> Callable[[Connection], int]:
    def part(connection: Connection) -> int:
        some = select(model.id).where(model.account_id == account_id, model.contact_id.in_(ids)).limit(PART)
        found = connection.scalars(some).all()
        connection.execute(delete(model).where(model.id.in_(found)))
        return len(found)

    return part


def _drop_merges(connection: Connection, account_id: UUID, ids: Sequence[UUID]) -> int:
    found: set[UUID] = set()
    for side in (ContactMerge.kept_id, ContactMerge.merged_id):
        mine = select(ContactMerge.id).where(ContactMerge.account_id == account_id, side.in_(ids))
        found |= set(connection.scalars(mine.limit(PART)))
    return connection.execute(delete(ContactMerge).where(ContactMerge.id.in_(found))).rowcount


def _drop_changes(connection: Connection, account_id: UUID, ids: Sequence[UUID]) -> int:
    """What undoing an import would bring back. Asked import by import, of which an account has few."""
    own = connection.scalars(select(ContactImport.id).where(ContactImport.account_id == account_id)).all()
    theirs = ImportChange.import_id.in_(own) & ImportChange.contact_id.in_(ids)
    return connection.execute(delete(ImportChange).where(theirs)).rowcount


def _erase_one(connection: Connection, account_id: UUID, id_: UUID, how: How) -> Counts:
    mine = (Contact.account_id == account_id) & (Contact.id == id_)
    row = connection.execute(select(Contact).where(mine).with_for_update()).first()
    if row is None or (how == How.ANONYMISE and row.anonymised_at is not None):
        return {}
    if how == How.DELETE:
        tags = connection.execute(delete(ContactTag).where(ContactTag.contact_serial == row.serial)).rowcount
        groups = connection.execute(
            delete(ContactCategory).where(ContactCategory.contact_serial == row.serial)
        ).rowcount
        for model in (ConsentEvent, TimelineEntry):  # noted since theirs went; now the row is locked, and none follows
            connection.execute(delete(model).where(model.account_id == account_id, model.contact_id == id_))
        events.emit(connection, "contact.purged", account_id, {"contactIds": [str(id_)]})
        connection.execute(delete(Contact).where(mine))
        if row.deleted_at is None:
            events.emit(connection, "contact.deleted", account_id, news.told(id_, row.version + 1, row.source))
        counts = {"contact": 1, "contact_tag": tags, "contact_category": groups}
    else:
        now = clock.now()
        values = {**EMPTY, "anonymised_at": now, "updated_at": now, "version": row.version + 1}
        connection.execute(update(Contact).where(mine).values(**values))
        timeline.note(connection, account_id, id_, "contact.anonymised", {})
        if row.deleted_at is None:
            told = news.told(id_, row.version + 1, row.source, news.differing(row._asdict(), EMPTY))
            events.emit(connection, "contact.updated", account_id, told)
        counts = {"contact": 1}
    search.tend(connection)
    return counts
