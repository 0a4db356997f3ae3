"""Deleted contacts, removed for good with all that hangs on them, once nobody may bring them back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, select

from app.contacts import search
from app.contacts.consent.models import ConsentEvent
from app.contacts.models import Contact, ContactMerge, TimelineEntry
from app.core import events
from app.core.db import begin_write, by_account

KEPT = timedelta(days=30)  # after the deletion
CONTACTS = 100  # looked at together
ROWS = 500  # of timeline or consents that one transaction deletes
HANGING = (TimelineEntry, ConsentEvent)


class Waiting(NamedTuple):
    rows: int
    oldest: datetime | None


def expired(engine: Engine, now: datetime) -> Waiting:
    """What `remove` would remove."""
    with engine.connect() as connection:
        counted = select(func.count(), func.min(Contact.deleted_at)).where(_is_due(now))
        return Waiting(*connection.execute(counted).one())


def remove(engine: Engine, now: datetime) -> int:
    """Removes contacts deleted over 30 days ago, with their groups, timeline and consents, in short transactions; how
    many went. Tells only features that keep rows of them (contact.purged): the deletion was told when it happened. May
    run twice."""
    total = 0
    while True:
        with engine.connect() as connection:
            due = select(Contact.serial).where(_is_due(now)).order_by(Contact.deleted_at).limit(CONTACTS)
            serials = list(connection.scalars(due))
        if not serials:
            return total
        done: int | None = None
        while done is None:
            with begin_write(engine) as connection:
                done = _remove_some(connection, serials, now)
        total += done
        if not done:  # all of them were brought back in this very moment
            return total


def _is_due(now: datetime) -> ColumnElement[bool]:
    return Contact.deleted_at < now - KEPT


def _remove_some(connection: Connection, serials: list[int], now: datetime) -> int | None:
    """One step, judged again, since a contact may have been brought back: entries while there are many, then the
    contacts themselves, and then how many. None: there is more to do."""
    still = select(Contact.account_id, Contact.id, Contact.serial).where(Contact.serial.in_(serials), _is_due(now))
    rows = connection.execute(still.order_by(Contact.serial).with_for_update()).all()
    for account_id, ids in by_account([(row.account_id, row.id) for row in rows]).items():
        for model in HANGING:
            if _delete_entries(connection, model, account_id, ids) == ROWS:
                return None
        merges = (ContactMerge.account_id == account_id) & ContactMerge.kept_id.in_(ids)
        connection.execute(delete(ContactMerge).where(merges))
        events.emit(connection, "contact.purged", account_id, {"contactIds": [str(id_) for id_ in ids]})
    connection.execute(delete(Contact).where(Contact.serial.in_([row.serial for row in rows])))
    search.tend(connection)  # else the next person who saves a contact waits for the texts of all who went
    return len(rows)


def _delete_entries(
    connection: Connection, model: type[TimelineEntry] | type[ConsentEvent], account_id: UUID, ids: list[UUID]
) -> int:
    some = select(model.id).where(model.account_id == account_id, model.contact_id.in_(ids)).limit(ROWS)
    return connection.execute(delete(model).where(model.id.in_(some.scalar_subquery()))).rowcount
