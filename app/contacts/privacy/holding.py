"""Contacts as a holder: the person's own rows, and what hangs on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.contacts.consent.models import ConsentEvent
from app.contacts.importing.models import ContactImport, ImportChange
from app.contacts.models import Category, Contact, ContactCategory, ContactMerge, ContactTag, Tag, TimelineEntry
from app.contacts.privacy import erasing, people
from app.core.privacy import MOST_COUNTED, Begin, Counts, Held, Holder, How, Row, Subject

HIDDEN = {"account_id", "serial", "folded_name", "searchable", "version", "phone_key"}  # ours, about nobody
OF_STAFF = {"actor", "actor_id", "owner_id", "created_by"}  # somebody else's name
GOES = _l("Goes when deleted.")
EMPTIED = _l("Emptied when anonymised, gone when deleted.")


class ContactHolder(Holder):
    key = "contacts"
    title = _l("Contacts")

    def find(self, session: Session, account_id: UUID, subject: Subject) -> list[Held]:
        rows = people.contacts_of(session, account_id, subject)
        ids, serials = _ids(rows, subject), [row.serial for row in rows]
        in_groups = ContactCategory.contact_serial.in_(serials)
        changes = _count(session, *_changes(account_id, ids))
        theirs = (ContactMerge.account_id == account_id) & ContactMerge.kept_id.in_(ids)
        return [
            Held("contact", _l("Contacts, deleted ones too"), len(rows), EMPTIED),
            Held("contact_tag", _l("Tags"), _count(session, ContactTag.contact_serial.in_(serials)), GOES),
            Held("contact_category", _l("Categories"), _count(session, in_groups), GOES),
            Held("consent_event", _l("Log of consents"), _count(session, *_of(ConsentEvent, account_id, ids)), EMPTIED),
            Held("timeline_entry", _l("Timeline"), _count(session, *_of(TimelineEntry, account_id, ids)), GOES),
            Held("contact_merge", _l("Merges"), _count(session, theirs), GOES),
            Held("import_change", _l("As they were before an import"), changes, _l("Goes.")),
        ]  # fmt: skip

    def export(self, session: Session, account_id: UUID, subject: Subject) -> Iterator[Row]:
        rows = people.contacts_of(session, account_id, subject)
        ids = _ids(rows, subject)
        for row in rows:
            yield "contact", {**_shown(session.get_one(Contact, row.serial)), **_groups(session, row.serial)}
        for model in (ConsentEvent, TimelineEntry):
            found = select(model).where(*_of(model, account_id, ids)).order_by(model.id).limit(MOST_COUNTED)
            for one in session.scalars(found):
                yield model.__tablename__, _shown(one)
        merges = select(ContactMerge).where(ContactMerge.account_id == account_id, ContactMerge.kept_id.in_(ids))
        for merge in session.scalars(merges):
            yield "contact_merge", _shown(merge)
        for change in session.scalars(select(ImportChange).where(*_changes(account_id, ids))):
            yield "import_change", {"contact_id": change.contact_id, "before": change.before}

    def erase(self, begin: Begin, account_id: UUID, subject: Subject, how: How) -> Counts:
        return erasing.erase(begin, account_id, subject, how)


def _ids(rows: Sequence[Any], subject: Subject) -> list[UUID]:
    """Those of merged contacts too, whose rows may be gone while something still hangs on them."""
    return sorted({row.id for row in rows} | set(subject.contact_ids))


def _of(model: Any, account_id: UUID, ids: Sequence[UUID]) -> tuple[Any, Any]:
    return model.account_id == account_id, model.contact_id.in_(ids)


def _changes(account_id: UUID, ids: Sequence[UUID]) -> tuple[Any, Any]:
    own = select(ContactImport.id).where(ContactImport.account_id == account_id)
    return ImportChange.import_id.in_(own), ImportChange.contact_id.in_(ids)


def _count(session: Session, *conditions: Any) -> int:
    return session.scalar(select(func.count()).where(*conditions)) or 0


def _shown(row: Any) -> dict[str, Any]:
    names = [column.name for column in row.__table__.columns]
    return {name: getattr(row, name) for name in names if name not in HIDDEN | OF_STAFF}


def _groups(session: Session, serial: int) -> dict[str, list[str]]:
    tags = select(Tag.name).join(ContactTag, ContactTag.tag_id == Tag.id).where(ContactTag.contact_serial == serial)
    categories = (
        select(Category.name)
        .join(ContactCategory, ContactCategory.category_id == Category.id)
        .where(ContactCategory.contact_serial == serial)
    )
    return {"tags": list(session.scalars(tags)), "categories": list(session.scalars(categories))}
