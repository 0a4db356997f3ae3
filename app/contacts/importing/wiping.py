"""Files of imports, and what undoing them needs, are kept for a few days only: they are full of people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Engine, and_, delete, or_, select, update

from app.contacts.importing.models import ContactImport, ImportChange, ImportPart, ImportProblem, ImportState
from app.core.db import begin_write
from app.core.models import Job

KEPT = timedelta(days=7)  # after the end of an import
WAITS = timedelta(days=2)  # an upload that never went on
LONGEST = timedelta(days=14)  # whatever became of it
PIECES = 4  # of half a megabyte, in one transaction
ROWS = 500
OF_AN_IMPORT: tuple[tuple[Any, Any, int], ...] = (  # what hangs on an import, its key, how much goes at once
    (ImportPart, ImportPart.number, PIECES),
    (ImportProblem, ImportProblem.row, ROWS),
    (ImportChange, ImportChange.contact_id, ROWS),
)
ENDED = (ImportState.DONE, ImportState.STOPPED, ImportState.FAILED, ImportState.UNDONE)
WAITING = (ImportState.UPLOADED, ImportState.CHECKED, ImportState.CHECKING, ImportState.FAILED)


class Old(NamedTuple):
    rows: int
    oldest: datetime | None


def wipe(engine: Engine, now: datetime) -> int:
    """How many imports lost their file."""
    ids = [id_ for id_, _at in _due(engine, now)]
    for id_ in ids:
        _wipe(engine, id_, now)
    return len(ids)


def preview(engine: Engine, now: datetime) -> Old:
    """How many imports `wipe` would wipe, and when the oldest of them came."""
    found = list(_due(engine, now))
    return Old(len(found), min((at for _id, at in found), default=None))


def _due(engine: Engine, now: datetime) -> Iterator[tuple[UUID, datetime]]:
    """One that a job works on has time to come to its end. One that is wiped is due again where somebody was killed
    over it."""
    ended = ContactImport.state.in_([str(state) for state in ENDED]) & (ContactImport.finished_at < now - KEPT)
    waits = and_(
        ContactImport.state.in_([str(state) for state in WAITING]),
        ContactImport.started_at.is_(None),
        ContactImport.created_at < now - WAITS,
    )
    stuck = ContactImport.created_at < now - LONGEST
    open_ = select(Job.id).where(Job.id == ContactImport.job_id, Job.finished_at.is_(None)).exists()
    due = ContactImport.wiped_at.is_(None) & or_(ended, waits, stuck) & ~open_
    left = [
        select(model.import_id).where(model.import_id == ContactImport.id).exists()
        for model, _key, _size in OF_AN_IMPORT
    ]
    half_wiped = ContactImport.wiped_at.is_not(None) & or_(*left)
    found = select(ContactImport.id, ContactImport.created_at).where(or_(due, half_wiped))
    with engine.connect() as connection:
        rows: list[Any] = list(connection.execute(found))
    yield from ((row.id, row.created_at) for row in rows)


def without_people(preview: dict[str, Any] | None) -> dict[str, Any] | None:
    """The counts of a check, without the cells of the rows that it shows."""
    return {name: value for name, value in preview.items() if name != "problems"} if preview else None


def _wipe(engine: Engine, id_: UUID, now: datetime) -> None:
    """First of all nobody may begin with it any more."""
    with begin_write(engine) as connection:
        found = connection.scalar(select(ContactImport.preview).where(ContactImport.id == id_).with_for_update())
        values = {"wiped_at": now, "preview": without_people(found)}
        connection.execute(update(ContactImport).where(ContactImport.id == id_).values(**values))
    _drop(engine, id_)


def forget(engine: Engine, id_: UUID) -> None:
    """An import that is marked as wiped, with its row."""
    _drop(engine, id_)
    with begin_write(engine) as connection:
        connection.execute(delete(ContactImport).where(ContactImport.id == id_))


def _drop(engine: Engine, id_: UUID) -> None:
    for model, key, size in OF_AN_IMPORT:
        is_left = True
        while is_left:
            with begin_write(engine) as connection:
                is_left = _delete_some(connection, model, key, id_, size)


def _delete_some(connection: Connection, model: Any, key: Any, id_: UUID, size: int) -> bool:
    keys = list(connection.scalars(select(key).where(model.import_id == id_).limit(size)))
    if keys:
        connection.execute(delete(model).where(model.import_id == id_, key.in_(keys)))
    return len(keys) == size
