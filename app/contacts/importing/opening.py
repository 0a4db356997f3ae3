"""What a job needs of the import it works on, and how its end is written down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, Row, select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.models import Account
from app.contacts.fields.models import CustomField
from app.contacts.importing import rows
from app.contacts.importing.judge import Judge
from app.contacts.importing.matching import Aim
from app.contacts.importing.models import ContactImport, ImportState
from app.contacts.importing.plan import plan_from
from app.core import clock, events
from app.core.access import Actor
from app.core.jobs import Hold
from app.core.runtime import Runtime

_COLUMNS = tuple(ContactImport.__table__.columns)


@dataclass(frozen=True, slots=True)
class Opened:
    """An import under way. `row`: its columns as they were at the start of the job."""

    row: Row[Any]
    aim: Aim
    actor: Actor
    fields: list[CustomField]
    country: str
    zone: ZoneInfo
    engine: Engine

    def judge(self) -> Judge:
        return Judge(self.aim.plan, len(self.row.columns), self.fields, self.country)

    def rows(self) -> Iterator[rows.Row]:
        return rows.read_rows(self.engine, self.row.id, self.row.encoding, self.row.delimiter)


def opened(runtime: Runtime, hold: Hold) -> Opened | None:
    """None for one that is gone."""
    import_id = UUID(hold.params["import"])
    mine = (ContactImport.id == import_id) & (ContactImport.account_id == hold.account_id)
    with Session(runtime.engine, expire_on_commit=False) as session:
        connection = session.connection()
        row = connection.execute(select(*_COLUMNS).where(mine)).first()
        if row is None or row.mapping is None or row.options is None or row.wiped_at is not None:
            return None
        own = select(Account.country_code, Account.timezone).where(Account.id == hold.account_id)
        country, zone = connection.execute(own).one()
        fields = session.scalars(select(CustomField).where(CustomField.account_id == hold.account_id)).all()
        actor = audit.actor_of(connection, hold.account_id, row.created_by)
    aim = Aim(hold.account_id, import_id, plan_from(row.mapping, row.options), runtime.settings.pii_hash_key)
    return Opened(row, aim, actor, list(fields), country, ZoneInfo(zone), runtime.engine)


def conclude(connection: Connection, found: Opened, state: ImportState) -> dict[str, Any]:
    """Writes that the import came to its end, by itself or not; gives its counts."""
    mine = ContactImport.id == found.row.id
    counts = (ContactImport.created, ContactImport.updated, ContactImport.skipped, ContactImport.invalid)
    connection.execute(update(ContactImport).where(mine).values(state=str(state), finished_at=clock.now()))
    counted = dict(connection.execute(select(*counts).where(mine)).one()._mapping)
    changes = {name: [None, number] for name, number in counted.items()}
    audit.record(
        connection,
        found.actor,
        "contacts.imported",
        subject_id=found.row.id,
        subject=found.row.filename,
        changes=changes,
    )
    told = {"importId": str(found.row.id), "state": str(state), **counted}
    events.emit(connection, "import.completed", found.aim.account_id, told)
    return counted
