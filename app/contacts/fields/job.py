"""The end of a custom field: a worker takes its values off all contacts, and then the field is gone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Connection, delete, func, select

from app.accounts import audit
from app.contacts.fields import stored
from app.contacts.fields.models import CustomField
from app.contacts.models import Contact
from app.core import clock
from app.core.jobs import Hold, LongJob
from app.core.models import Job
from app.core.pagination import Column

SPAN = 10_000  # rows that one read looks through
IN_FLIGHT = timedelta(seconds=10)  # a change may commit so much later than the time that it bears


class DeleteField(LongJob):
    """First through all contacts by their number; then, for as long as there are any, those who were given a value
    behind its back. The last look is taken together with the end of the field."""

    title = _l("Deletion of a custom field")
    permission = "contacts.organize"
    back = "contact_fields.index"

    def run(self, hold: Hold) -> dict[str, Any]:
        mine = (CustomField.id == UUID(hold.params["id"])) & (CustomField.account_id == hold.account_id)
        with self.runtime.engine.connect() as connection:
            key = connection.scalar(select(CustomField.key).where(mine))
            last = connection.scalar(select(func.max(Contact.serial))) or 0
        if key is None:
            return {}
        since = self._through_all(hold, key, last)
        is_done = False
        while not is_done:
            since = self._through_changed(hold, key, since)
            is_done = self._end(hold, key, since, mine)
        return {}

    def _through_all(self, hold: Hold, key: str, last: int) -> datetime:
        """The time since when a contact may have been given a value that this did not see."""
        cursor = hold.cursor or {"after": 0, "since": (clock.now() - IN_FLIGHT).isoformat()}
        while cursor["after"] < last:
            until = cursor["after"] + SPAN
            span = (Contact.serial > cursor["after"]) & (Contact.serial <= until)
            with self.runtime.engine.connect() as connection:
                serials = self._having(connection, hold, key, span)
            with hold.part() as part:
                stored.strip(part.connection, hold.account_id, key, serials)
                after = serials[-1] if len(serials) == stored.PART else until
                part.cursor = cursor = {**cursor, "after": after}
                part.done += len(serials)
        return datetime.fromisoformat(cursor["since"])

    def _through_changed(self, hold: Hold, key: str, since: datetime) -> datetime:
        """Strips those who were changed since, until a look finds none; since when the next look is to be."""
        while True:
            now = clock.now()
            with self.runtime.engine.connect() as connection:
                serials = self._changed(connection, hold, key, since)
            if not serials:
                return now - IN_FLIGHT
            with hold.part() as part:
                stored.strip(part.connection, hold.account_id, key, serials)
                part.done += len(serials)

    def _end(self, hold: Hold, key: str, since: datetime, mine: ColumnElement[bool]) -> bool:
        """Ends the field, unless somebody was given a value of it since; whether it did."""
        with hold.part() as part:
            connection = part.connection
            if late := self._changed(connection, hold, key, since):
                stored.strip(connection, hold.account_id, key, late)
                part.done += len(late)
                return False
            label = connection.scalar(select(CustomField.label).where(mine).with_for_update())
            connection.execute(delete(CustomField).where(mine))
            actor = audit.actor_of(connection, hold.account_id, hold.created_by)
            audit.record(connection, actor, "contact_field.deleted", subject_id=hold.params["id"], subject=label)
        return True

    def _changed(self, connection: Connection, hold: Hold, key: str, since: datetime) -> list[int]:
        """Asked twice, and in these orders, for there is an index of each."""
        kept = Contact.deleted_at.is_(None) & (Contact.updated_at >= since)
        found = self._having(connection, hold, key, kept, Contact.updated_at)
        return found or self._having(connection, hold, key, Contact.deleted_at >= since, Contact.deleted_at)

    def _having(
        self, connection: Connection, hold: Hold, key: str, among: ColumnElement[bool], order: Column = Contact.serial
    ) -> list[int]:
        """The first PART of the account's contacts `among` some that have a value of the field."""
        mine = Contact.account_id == hold.account_id
        found = select(Contact.serial).where(mine, among, stored.has_value(connection, key))
        return list(connection.scalars(found.order_by(order).limit(stored.PART)))

    def words(self, job: Job) -> str:
        return str(_("The field is deleted, and its values with it."))
