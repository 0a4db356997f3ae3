"""Files that may tell of a person: uploads that are kept for imports, and what long jobs made for people to fetch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from app.contacts.importing.models import ContactImport, ImportChange, ImportPart
from app.contacts.importing.wiping import without_people
from app.contacts.models import Contact
from app.contacts.privacy.needles import Needles
from app.core import clock
from app.core.models import Job, JobPart, JobState
from app.core.privacy import Begin, Counts, Held, Holder, How, Row, Subject

PARTS = 8  # of 512 KB that one transaction removes
IMPERSONAL = "export_audit"  # whose people are the team's, and hints
MAKES_FILES = "export_%"
ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
ROWS = 200
SAID_EVERY = 16  # parts of a file, 8 MB
COLUMNS = (ContactImport.id, ContactImport.filename, ContactImport.created_at, ContactImport.encoding,
           ContactImport.columns)  # fmt: skip


class ImportHolder(Holder):
    key = "imports"
    title = _l("Uploaded files")

    def find(self, session: Session, account_id: UUID, subject: Subject) -> list[Held]:
        """All that are kept: to look through them takes minutes, and is done when the person is erased."""
        counted = session.scalar(select(func.count()).select_from(ContactImport).where(*_unwiped(account_id))) or 0
        fate = _l("Those that name the person are removed whole; their import can no longer be undone.")
        return [
            Held("contact_import", _l("Kept files of imports that may name the person"), counted, fate, is_sure=False)
        ]

    def export(self, session: Session, account_id: UUID, subject: Subject) -> Iterator[Row]:
        """The imports that brought the person in: what they said is in the contact, the rest is about others."""
        theirs = (Contact.account_id == account_id) & Contact.id.in_(subject.contact_ids)
        brought = select(Contact.import_id).where(theirs, Contact.import_id.is_not(None))
        changed = select(ImportChange.import_id).where(
            ImportChange.import_id.in_(select(ContactImport.id).where(ContactImport.account_id == account_id)),
            ImportChange.contact_id.in_(subject.contact_ids),
        )
        for row in session.execute(select(*COLUMNS).where(ContactImport.id.in_(brought.union(changed)))):
            yield "contact_import", {"id": row.id, "filename": row.filename, "created_at": row.created_at}

    def erase(self, begin: Begin, account_id: UUID, subject: Subject, how: How) -> Counts:
        needles = Needles.of(subject)
        with begin() as connection:
            engine = connection.engine
            rows = connection.execute(select(*COLUMNS).where(*_unwiped(account_id))).all()
        found = [row for row in rows if _names(begin, engine, row, needles)]
        for row in found:
            while _drop_parts(begin, ImportPart, ImportPart.import_id, row.id):
                pass
            _wipe(begin, row, needles)
        return {"contact_import": len(found)} if found else {}


def _names(begin: Begin, engine: Engine, row: Any, needles: Needles) -> bool:
    with begin():
        pass  # says that whoever does this lives: a file takes seconds
    return needles.are_in("\n".join(row.columns)) or needles.are_in_parts(_content(begin, engine, row.id), row.encoding)


def _wipe(begin: Begin, row: Any, needles: Needles) -> None:
    values: dict[str, Any] = {"wiped_at": clock.now()}
    if needles.are_in("\n".join(row.columns)):  # a file without a header, and nobody noticed
        values["columns"] = ["" for _column in row.columns]
    while _drop_changes(begin, row.id):
        pass
    with begin() as connection:
        preview = connection.scalar(select(ContactImport.preview).where(ContactImport.id == row.id))
        values["preview"] = without_people(preview)
        connection.execute(update(ContactImport).where(ContactImport.id == row.id).values(**values))


def _drop_changes(begin: Begin, import_id: UUID) -> bool:
    """Whether there may be more: without the file, an import is not undone by halves."""
    mine = ImportChange.import_id == import_id
    with begin() as connection:
        ids = connection.scalars(select(ImportChange.contact_id).where(mine).limit(ROWS)).all()
        connection.execute(delete(ImportChange).where(mine, ImportChange.contact_id.in_(ids)))
    return len(ids) == ROWS


class FileHolder(Holder):
    key = "files"
    title = _l("Exported files")

    def find(self, session: Session, account_id: UUID, subject: Subject) -> list[Held]:
        """All that the account keeps: what a file holds of whom is not looked up, it is made again in a minute."""
        counted = session.scalar(select(func.count()).select_from(Job).where(*_kept(account_id))) or 0
        words = _l("Files of exports and imports that may name the person")
        return [Held("job_part", words, counted, _l("Are removed."), is_sure=False)]

    def export(self, session: Session, account_id: UUID, subject: Subject) -> Iterator[Row]:
        return iter(())

    def erase(self, begin: Begin, account_id: UUID, subject: Subject, how: How) -> Counts:
        with begin() as connection:
            running = (Job.account_id == account_id) & Job.kind.like(MAKES_FILES) & (Job.state == JobState.RUNNING)
            connection.execute(update(Job).where(running, Job.kind != IMPERSONAL).values(cancel_asked=True))
            ids = connection.scalars(select(Job.id).where(*_kept(account_id))).all()
        for id_ in ids:
            while _drop_parts(begin, JobPart, JobPart.job_id, id_):
                pass
            with begin() as connection:
                gone = {"filename": None, "size": None, "expires_at": None}
                connection.execute(update(Job).where(Job.id == id_).values(**gone))
        return {"job_part": len(ids)} if ids else {}


def _unwiped(account_id: UUID) -> tuple[Any, ...]:
    return ContactImport.account_id == account_id, ContactImport.wiped_at.is_(None)


def _content(begin: Begin, engine: Engine, import_id: UUID) -> Iterator[bytes]:
    """Part by part, each in a read of its own; now and then it is said that this goes on."""
    for number in count():
        if number % SAID_EVERY == SAID_EVERY - 1:
            with begin():
                pass
        with engine.connect() as connection:
            found = select(ImportPart.content).where(ImportPart.import_id == import_id, ImportPart.number == number)
            content = connection.scalar(found)
        if content is None:
            return
        yield content


def _drop_parts(begin: Begin, model: Any, owner: Any, id_: UUID) -> bool:
    """Whether there may be more."""
    with begin() as connection:
        numbers = connection.scalars(select(model.number).where(owner == id_).limit(PARTS)).all()
        connection.execute(delete(model).where(owner == id_, model.number.in_(numbers)))
    return len(numbers) == PARTS


def _kept(account_id: UUID) -> tuple[Any, ...]:
    """Of jobs that ended, or are stopped for it: what a running one writes is refused by its hold."""
    has_parts = select(JobPart.job_id).where(JobPart.job_id == Job.id).exists()
    is_over = Job.state.in_([str(state) for state in ENDED]) | Job.cancel_asked.is_(True)
    return Job.account_id == account_id, is_over, Job.kind != IMPERSONAL, has_parts
