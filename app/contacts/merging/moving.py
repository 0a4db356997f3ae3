"""What hangs on a contact, moved to the one that it is merged into."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.orm import Session

from app.contacts import grouping
from app.contacts.consent import service as consents
from app.contacts.consent.models import ConsentEvent
from app.contacts.consent.service import Given
from app.contacts.consent.states import Channel, Consent, ConsentSource
from app.contacts.consent.suppression import CONSENT_COLUMN
from app.contacts.importing.models import ContactImport, ImportChange
from app.contacts.models import Contact, ContactCategory, ContactMerge, ContactTag, TimelineEntry
from app.core.access import Actor

STRICTEST = (Consent.DENIED, Consent.UNKNOWN, Consent.GRANTED)


def join_groups(connection: Connection, kept: int, other: int) -> None:
    """Tags and categories of both; those of the other one go with its row."""
    for link in (ContactTag, ContactCategory):
        column = grouping.group_column(link)
        ids = connection.scalars(select(column).where(link.contact_serial == other)).all()
        grouping.add(connection, link, ids, [kept])


def move_history(connection: Connection, account_id: UUID, kept_id: UUID, other_id: UUID) -> None:
    """Timeline, log of consents, and the merges of before, whose chain now ends at the kept one. What an import would
    need to undo itself in the other one goes: nothing is there any more to be undone, and it holds what the person's
    fields said."""
    for model in (TimelineEntry, ConsentEvent):
        mine = (model.account_id == account_id) & (model.contact_id == other_id)
        connection.execute(update(model).where(mine).values(contact_id=kept_id))
    earlier = (ContactMerge.account_id == account_id) & (ContactMerge.kept_id == other_id)
    connection.execute(update(ContactMerge).where(earlier).values(kept_id=kept_id))
    imports = connection.scalars(select(ContactImport.id).where(ContactImport.account_id == account_id)).all()
    if imports:  # by its key: a contact alone would be looked for in every row
        theirs = ImportChange.import_id.in_(imports) & (ImportChange.contact_id == other_id)
        connection.execute(delete(ImportChange).where(theirs))


def stricter(kept: Contact, other: Contact) -> dict[Channel, Consent]:
    """A no of either is a no; a yes needs both."""
    found = {}
    for channel, column in CONSENT_COLUMN.items():
        said = (getattr(kept, column), getattr(other, column))
        found[channel] = next(state for state in STRICTEST if state in said)
    return found


def keep_stricter(session: Session, actor: Actor, kept: Contact, states: dict[Channel, Consent]) -> None:
    """With an entry in the log where that changes something. A no holds for the number and the address that the contact
    has now."""
    for channel, state in states.items():
        consents.record(session, actor, kept, Given(channel, state, ConsentSource.MERGE))
