"""What happened to a contact, in words and newest first: how it came, changes, consents, merges, and what features on
higher steps noted and have words for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contacts import timeline, words
from app.contacts.consent import words as consent_words
from app.contacts.consent.models import ConsentEvent
from app.contacts.fields.models import CustomField
from app.contacts.importing.models import ContactImport
from app.contacts.models import Contact, ContactMerge, TimelineEntry
from app.core.ids import to_uuid
from app.core.masking import seen_email, seen_text

SHOWN = 200
KINDS: dict[str, tuple[Any, str, str]] = {  # title, tone, icon
    "contact.updated": (_l("Changed"), "secondary", "edit"),
    "contact.restored": (_l("Brought back"), "info", "rotate-clockwise"),
    "contact.anonymised": (_l("Anonymised"), "warning", "shield-lock"),
}
BY_IMPORT = (_l("Changed by an import"), "info", "upload")
IMPORT_UNDONE = (_l("Import taken back"), "info", "rotate-clockwise")
TOLD_OTHERWISE = ("contact.created", "contact.merged", "contact.opted_out")


class Step(NamedTuple):
    """What the timeline of a page shows."""

    at: datetime
    title: str
    text: str
    tone: str
    icon: str
    kind: str = ""  # of the entry that it tells


class Told(NamedTuple):
    """An entry of a feature, in its words."""

    title: str
    text: str
    tone: str
    icon: str


_tellers: dict[str, Callable[[str, Mapping[str, Any]], Told]] = {}


def tell_by(kind: str, teller: Callable[[str, Mapping[str, Any]], Told]) -> None:
    """Entries of this kind are told by `teller(kind, facts)`: the words of features on higher steps."""
    _tellers[kind] = teller


def story_of(session: Session, contact: Contact, fields: Sequence[CustomField]) -> list[Step]:
    """The latest steps, and always the first one."""
    noted = timeline.entries(session, contact.account_id, contact.id, SHOWN)
    files = _files(session, contact, noted)
    later = [
        *(_noted(entry, fields, files) for entry in noted if entry.kind not in TOLD_OTHERWISE),
        *(_said(event) for event in _about(session, ConsentEvent, ConsentEvent.contact_id, contact)),
        *(_merged(merge) for merge in _about(session, ContactMerge, ContactMerge.kept_id, contact)),
    ]
    latest = sorted(later, key=lambda step: step.at, reverse=True)[:SHOWN]
    return [*latest, _created(contact, noted, files)]


def _about(session: Session, model: type[Any], column: Any, contact: Contact) -> Iterator[Any]:
    mine = select(model).where(model.account_id == contact.account_id, column == contact.id)
    yield from session.scalars(mine.order_by(model.id.desc()).limit(SHOWN))


def _files(session: Session, contact: Contact, noted: Sequence[TimelineEntry]) -> dict[UUID | None, str]:
    """The names of the files that changed the contact, by import."""
    ids = {contact.import_id, *(to_uuid(entry.facts.get("importId")) for entry in noted)}
    mine = select(ContactImport.id, ContactImport.filename).where(
        ContactImport.account_id == contact.account_id, ContactImport.id.in_([id_ for id_ in ids if id_ is not None])
    )
    return {row.id: row.filename for row in session.execute(mine)}


def _noted(entry: TimelineEntry, fields: Sequence[CustomField], files: dict[UUID | None, str]) -> Step:
    if (teller := _tellers.get(entry.kind)) is not None:
        told = teller(entry.kind, entry.facts)
        return Step(entry.at, told.title, _joined(told.text, _by(entry.actor)), told.tone, told.icon, entry.kind)
    title, tone, icon = KINDS.get(entry.kind, (entry.kind, "secondary", "point-filled"))
    if "importId" in entry.facts:
        title, tone, icon = IMPORT_UNDONE if entry.facts.get("undone") else BY_IMPORT
    changed = ", ".join(words.field_word(str(name), fields) for name in entry.facts.get("fields") or ())
    file = files.get(to_uuid(entry.facts.get("importId")))
    return Step(entry.at, str(title), _joined(file, changed, _by(entry.actor)), tone, icon)


def _said(event: ConsentEvent) -> Step:
    answer, tone, icon = consent_words.STATES[event.state]
    channel = words.CHANNELS.get(event.channel, event.channel)
    said = _("%(channel)s: %(answer)s", channel=channel, answer=answer)
    purpose = consent_words.PURPOSES.get(event.purpose, event.purpose)
    source = consent_words.SOURCES.get(event.source, event.source)
    basis = consent_words.BASES.get(event.basis) if event.basis else None
    text = _joined(purpose, source, seen_text(event.detail), basis, _by(event.actor))
    return Step(event.at, said, text, tone, icon)


def _merged(merge: ContactMerge) -> Step:
    return Step(merge.at, _("Another contact was merged into this one"), _by(merge.actor), "info", "git-merge")


def _created(contact: Contact, noted: Sequence[TimelineEntry], files: dict[UUID | None, str]) -> Step:
    """A contact that took in another one may have the other's beginning in its timeline, too."""
    births = [entry for entry in noted if entry.kind == "contact.created"]
    own = min(births, key=lambda entry: abs(entry.at - contact.created_at), default=None)
    by, file = own.actor if own else None, files.get(contact.import_id)
    title = str(words.SOURCES.get(contact.source, contact.source))
    return Step(contact.created_at, title, _joined(file, _by(by)), "primary", "user-plus")


def _by(actor: str | None) -> str:
    return _("by %(actor)s", actor=seen_email(actor) if "@" in actor else actor) if actor else ""


def _joined(*parts: Any) -> str:
    return " · ".join(str(part) for part in parts if part)
