"""The ids that a mailing went out with: listed in parts, marked where they were opened already, and taken off again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import Connection, and_, bindparam, delete, func, literal, select, true, update
from sqlalchemy.dialects import postgresql

from app.core.bulk import BulkInsert
from app.core.errors import NotFound
from app.opens.mailings.models import MailedId, Mailing, MailingDelay
from app.opens.mailings.opened import Delay, add_delays
from app.opens.mailings.reading import Row
from app.opens.models import COUNTED, Open, OpenedId

PART = 250  # ids of one write transaction, 10 to 20 ms when half a million are listed
_COLUMNS = ("account_id", "ref", "mailing_id", "sent_at", "opened_at")
_insert = BulkInsert(MailedId, _COLUMNS, "ON CONFLICT DO NOTHING")


class Place(NamedTuple):
    """Which list. `sent_at` is of rows that do not say."""

    account_id: UUID
    mailing_id: UUID
    sent_at: datetime


def place_of(mailing: Mailing) -> Place:
    return Place(mailing.account_id, mailing.id, mailing.starts_at)


def parts(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Slices for one write transaction each."""
    part: list[Row] = []
    for row in rows:
        part.append(row)
        if len(part) == PART:
            yield part
            part = []
    if part:
        yield part


def add(connection: Connection, place: Place, rows: Sequence[Row]) -> int:
    """Lists the good rows of a part; one that is listed already stays as it is. Returns how many are new. To be
    followed by `opened.wait_for_noting` and `mark`, each in a transaction of its own. Raises NotFound when the mailing
    is gone."""
    there = select(Mailing.id).where(Mailing.id == place.mailing_id).with_for_update(read=True, key_share=True)
    if connection.scalar(there) is None:
        raise NotFound
    account_id, mailing_id, at = place
    first: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row.wrong is None:
            values = (account_id, row.ref, mailing_id, row.sent_at or at, None)
            first.setdefault(row.ref, dict(zip(_COLUMNS, values, strict=True)))
    added = _insert_new(connection, [first[ref] for ref in sorted(first)])
    connection.execute(update(Mailing).where(Mailing.id == mailing_id).values(listed=Mailing.listed + added))
    return added


def _insert_new(connection: Connection, rows: list[dict[str, Any]]) -> int:
    if not rows or connection.dialect.name == "sqlite":
        return _insert(connection, rows)
    wanted = postgresql.insert(MailedId).on_conflict_do_nothing().returning(MailedId.ref)
    return len(connection.execute(wanted, rows).all())


def mark(connection: Connection, place: Place, refs: Sequence[str]) -> int:
    """Marks those of the ids that were opened since they were sent, and has the others waited for. Returns how many
    were opened. Rows are locked in the order of the recorder: the id's, then the mailing's, each in that of its key."""
    standing = _lock_standing(connection, place.account_id, refs)
    delays: list[Delay] = []
    marks = []
    for ref, sent_at, raw_at in _lock_waiting(connection, place, standing):
        first_at, last_at = standing[ref]
        if last_at is None or last_at < sent_at:
            continue
        # Raw rows go after a while: then the last open is what is known
        opened_at = first_at if first_at >= sent_at else raw_at or last_at
        marks.append({"of": ref, "at": opened_at})
        delays.append((place.account_id, place.mailing_id, sent_at, opened_at))
    if marks:
        mine = _of(place) & (MailedId.ref == bindparam("of"))
        connection.execute(update(MailedId).where(mine).values(opened_at=bindparam("at")), marks)
        add_delays(connection, delays)
    _await(connection, place, standing.keys() - {one["of"] for one in marks})
    return len(marks)


def _of(place: Place) -> Any:
    return (MailedId.account_id == place.account_id) & (MailedId.mailing_id == place.mailing_id)


def _lock_standing(connection: Connection, account_id: UUID, refs: Sequence[str]) -> dict[str, tuple[Any, Any]]:
    """First and last counted open of those ids that were loaded at all."""
    found = select(OpenedId.ref, OpenedId.first_at, OpenedId.last_at).where(
        OpenedId.account_id == account_id, OpenedId.ref.in_(refs)
    )
    rows = connection.execute(found.order_by(OpenedId.ref).with_for_update())
    return {row.ref: (row.first_at, row.last_at) for row in rows}


def _lock_waiting(
    connection: Connection, place: Place, refs: Iterable[str]
) -> list[tuple[str, datetime, datetime | None]]:
    """Id, time sent, and its earliest counted open since then of which the row is kept."""
    waiting = select(MailedId.ref, MailedId.sent_at).where(
        _of(place), MailedId.ref.in_(list(refs)), MailedId.opened_at.is_(None)
    )
    rows = connection.execute(waiting.order_by(MailedId.ref).with_for_update()).all()
    raw = (
        select(func.min(Open.created_at))
        .where(
            Open.account_id == MailedId.account_id,
            Open.ref == MailedId.ref,
            Open.created_at >= MailedId.sent_at,
            Open.open_class.in_([str(each) for each in COUNTED]),
            Open.is_view.is_(True),
        )
        .scalar_subquery()
    )
    looked_up = select(MailedId.ref, raw).where(_of(place), MailedId.ref.in_([row.ref for row in rows]))
    since = {row.ref: row[1] for row in connection.execute(looked_up)}
    return [(row.ref, row.sent_at, since[row.ref]) for row in rows]


def _await(connection: Connection, place: Place, refs: Iterable[str]) -> None:
    waits = MailedId.account_id == place.account_id, MailedId.ref == OpenedId.ref, MailedId.opened_at.is_(None)
    mine = and_(OpenedId.account_id == place.account_id, OpenedId.ref.in_(sorted(refs)), OpenedId.awaited.is_(False))
    there = select(literal(1)).select_from(cast(Any, MailedId.__table__)).where(*waits).exists()
    connection.execute(update(OpenedId).where(mine, there).values(awaited=true()))


def take_off(connection: Connection, account_id: UUID, mailing_id: UUID) -> int:
    """Takes a part of a mailing's ids off its list, what was counted of them too; 0 when none are left."""
    mine = (MailedId.account_id == account_id) & (MailedId.mailing_id == mailing_id)
    found = select(MailedId.ref, MailedId.sent_at, MailedId.opened_at).where(MailedId.mailing_id == mailing_id)
    rows = connection.execute(found.order_by(MailedId.ref).limit(PART).with_for_update()).all()
    listed = Mailing.listed - len(rows) if rows else 0  # older than what is kept: their rows went before
    if rows:
        connection.execute(delete(MailedId).where(mine, MailedId.ref.in_([row.ref for row in rows])))
        delays = [(account_id, mailing_id, row.sent_at, row.opened_at) for row in rows if row.opened_at is not None]
        add_delays(connection, delays, sign=-1)
    else:
        connection.execute(
            delete(MailingDelay).where(MailingDelay.account_id == account_id, MailingDelay.mailing_id == mailing_id)
        )
    connection.execute(update(Mailing).where(Mailing.id == mailing_id).values(listed=listed))
    return len(rows)
