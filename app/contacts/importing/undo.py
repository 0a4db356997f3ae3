"""An import taken back: contacts that it made and nobody touched since are deleted, those that it changed become what
they were."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, case, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.accounts import audit
from app.contacts import grouping, news, search
from app.contacts.consent.models import ConsentEvent
from app.contacts.consent.service import Given, event_values
from app.contacts.consent.states import Channel, Consent, ConsentSource
from app.contacts.consent.suppression import CONSENT_COLUMN
from app.contacts.importing.models import ContactImport, ImportChange, ImportState
from app.contacts.importing.store import CHANGED, put_all, put_timeline
from app.contacts.models import Contact, ContactCategory, ContactTag
from app.contacts.values import derived
from app.core import clock, events
from app.core.access import Actor
from app.core.ids import to_uuid, uuid7
from app.core.jobs import Hold, LongJob
from app.core.models import Job

PART = 50
_NO_GRANTS = {  # only the person takes a no back, wherever it came from
    name: case((getattr(Contact, name) == Consent.DENIED, str(Consent.DENIED)), else_=str(Consent.UNKNOWN))
    for name in CONSENT_COLUMN.values()
}


class UndoImport(LongJob):
    """What is undone is out of its reach, so that whoever goes on just goes on. The log of consents only grows: a yes
    of the file is taken back by a new entry; a no stays a no."""

    title = _l("Undoing of an import")
    permission = "contacts.import"
    back = "contact_imports.index"

    def run(self, hold: Hold) -> dict[str, Any]:
        import_id = UUID(hold.params["import"])
        with self.runtime.engine.connect() as connection:
            mine = (ContactImport.id == import_id) & (ContactImport.account_id == hold.account_id)
            found = select(ContactImport.filename).where(mine, ContactImport.state == ImportState.UNDOING)
            filename = connection.scalar(found)
            actor = audit.actor_of(connection, hold.account_id, hold.created_by)
        if filename is None:
            return {"gone": True}
        at = hold.cursor or {"serial": 0, "deleted": 0, "restored": 0, "kept": 0}
        undoing = Undoing(import_id, actor)
        for step in (undoing.delete_some, undoing.restore_some):
            is_left = True
            while is_left:
                with hold.part() as part:
                    before = at["kept"]
                    is_left, number = step(part.connection, at)
                    part.skipped = at["kept"] - before
                    part.done, part.cursor = number - part.skipped, dict(at)
        with hold.part() as part:
            return self._conclude(part.connection, import_id, filename, actor, at)

    def _conclude(
        self, connection: Connection, import_id: UUID, filename: str, actor: Actor, at: dict[str, int]
    ) -> dict[str, Any]:
        ended = {"state": str(ImportState.UNDONE), "undone_at": clock.now()}
        connection.execute(update(ContactImport).where(ContactImport.id == import_id).values(**ended))
        counted = {name: at[name] for name in ("deleted", "restored", "kept")}
        changes = {name: [None, number] for name, number in counted.items()}
        audit.record(
            connection, actor, "contacts.import_undone", subject_id=import_id, subject=filename, changes=changes
        )
        return counted

    def words(self, job: Job) -> str:
        result = job.result or {}
        if "deleted" not in result:
            return ""
        return str(_("%(deleted)d contacts deleted, %(restored)d changed back, %(kept)d left as they are.", **result))


class Undoing:
    """Takes back part by part; `at` counts and is the cursor."""

    def __init__(self, import_id: UUID, actor: Actor) -> None:
        self._import_id = import_id
        self._actor = actor
        self._account_id = actor.account_id

    def delete_some(self, connection: Connection, at: dict[str, int]) -> tuple[bool, int]:
        """Whether there may be more, and how many were looked at."""
        mine = (Contact.import_id == self._import_id) & (Contact.account_id == self._account_id)
        found = select(Contact).where(mine, Contact.deleted_at.is_(None), Contact.serial > at["serial"])
        rows = connection.execute(found.order_by(Contact.serial).limit(PART).with_for_update()).all()
        if not rows:
            return False, 0
        untouched = [row for row in rows if row.version == 1]
        ended = {"deleted_at": clock.now(), "updated_at": clock.now(), "version": 2, **_NO_GRANTS}
        connection.execute(update(Contact).where(Contact.serial.in_([row.serial for row in untouched])).values(ended))
        self._take_back(connection, [(row.id, row._mapping) for row in untouched])
        for row in untouched:
            events.emit(connection, "contact.deleted", self._account_id, news.told(row.id, 2, row.source))
        at |= {"serial": rows[-1].serial, "deleted": at["deleted"] + len(untouched)}
        at["kept"] += len(rows) - len(untouched)
        return True, len(rows)

    def restore_some(self, connection: Connection, at: dict[str, int]) -> tuple[bool, int]:
        mine = ImportChange.import_id == self._import_id
        changes = connection.execute(
            select(ImportChange).where(mine).order_by(ImportChange.contact_id).limit(PART)
        ).all()
        if not changes:
            return False, 0
        ids = [change.contact_id for change in changes]
        wanted = (Contact.account_id == self._account_id) & Contact.id.in_(ids) & Contact.deleted_at.is_(None)
        there = {row.id: row for row in connection.execute(select(Contact).where(wanted).with_for_update())}
        rows = ((there.get(change.contact_id), change) for change in changes)
        mine_still = [(row, change) for row, change in rows if row is not None and row.version == change.version]
        restored = self._restore(connection, mine_still)
        connection.execute(delete(ImportChange).where(mine, ImportChange.contact_id.in_(ids)))
        search.tend(connection)
        at["restored"] += restored
        at["kept"] += len(changes) - restored
        return True, len(changes)

    def _restore(self, connection: Connection, pairs: list[tuple[Any, Any]]) -> int:
        """All at once, but for those whose former address somebody else may have by now: one by one."""
        now = clock.now()
        after = [(row, change, _as_before(row, change) | {"updated_at": now}) for row, change in pairs]
        changed = [one for one in after if not {"phone", "email"} & one[1].before.keys()]
        put_all(connection, [values for _row, _change, values in changed])
        changed += [one for one in after if {"phone", "email"} & one[1].before.keys() and _put(connection, one[2])]
        self._note(connection, changed)
        for row, change, values in changed:
            if tags := _ids(change.added["tags"]):
                grouping.take(connection, ContactTag, tags, [row.serial])
            if categories := _ids(change.added["categories"]):
                grouping.take(connection, ContactCategory, categories, [row.serial])
            told = news.told(row.id, values["version"], row.source, _fields_of(row, change, values))
            events.emit(connection, "contact.updated", self._account_id, told)
        return len(changed)

    def _note(self, connection: Connection, changed: list[tuple[Any, Any, dict[str, Any]]]) -> None:
        unknown = str(Consent.UNKNOWN)
        self._take_back(connection, [
            (row.id, {name: getattr(row, name) for name in CONSENT_COLUMN.values() if values[name] == unknown})
            for row, _change, values in changed
        ])  # fmt: skip
        put_timeline.many(connection, [
            (uuid7(), self._account_id, row.id, "contact.updated",
             {"fields": _fields_of(row, change, values), "importId": str(self._import_id), "undone": True},
             self._actor.user_id, self._actor.name[:254], values["updated_at"])
            for row, change, values in changed
        ])  # fmt: skip

    def _take_back(self, connection: Connection, granted: list[tuple[UUID, Any]]) -> None:
        """For each channel whose yes came with the file."""
        entries = [
            event_values(self._actor, self._account_id, id_, Given(channel, Consent.UNKNOWN, ConsentSource.IMPORT))
            for id_, states in granted
            for channel in Channel
            if states.get(CONSENT_COLUMN[channel]) == Consent.GRANTED
        ]
        if entries:
            connection.execute(insert(ConsentEvent), entries)


def _as_before(row: Any, change: Any) -> dict[str, Any]:
    """The columns of the contact, but for a no that it has."""
    said_no = {name for name in CONSENT_COLUMN.values() if getattr(row, name) == Consent.DENIED}
    before = {name: value for name, value in change.before.items() if name not in said_no}
    after = {**row._mapping, **before, "version": row.version + 1}
    after["folded_name"], after["searchable"] = derived(
        row.account_id, after["name"], after["email"], after["phone"], after["company"], after["custom"]
    )
    return after


def _put(connection: Connection, values: dict[str, Any]) -> bool:
    """False where somebody else has the address."""
    changed = {name: values[name] for name in CHANGED}
    try:
        with connection.begin_nested():
            connection.execute(update(Contact).where(Contact.serial == values["serial"]).values(**changed))
    except IntegrityError:
        return False
    return True


def _fields_of(row: Any, change: Any, values: dict[str, Any]) -> list[str]:
    return [*news.differing(row._mapping, values), *(name for name, ids in change.added.items() if ids)]


def _ids(texts: list[str]) -> list[UUID]:
    return [id_ for text in texts if (id_ := to_uuid(text)) is not None]
