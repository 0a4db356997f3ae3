"""One part of a change of many contacts, and of taking one back, in the caller's short write transaction."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select, update

from app.contacts import grouping, news, timeline
from app.contacts.grouping import Link, group_column
from app.contacts.models import Contact, ContactTag
from app.contacts.values import MAX_TAGS
from app.core import events
from app.core.access import Actor

Links = list[list[int]]  # for each tag or category: the serials that it was given to, or taken from
COLUMNS = (Contact.serial, Contact.id, Contact.version, Contact.source, Contact.phone_key, Contact.email)


def regroup(
    connection: Connection,
    actor: Actor,
    link: Link,
    links: Sequence[tuple[UUID, Collection[int]]],
    *,
    adds: bool,
    now: datetime,
) -> Links:
    """Gives tags or categories (each with its serials) to contacts, or takes them away; which links changed. Contacts
    that are gone, and those who have as many tags as one may have, stay as they are."""
    rows = _locked(connection, actor.account_id, sorted({serial for _, serials in links for serial in serials}))
    there = _there(connection, link, [id_ for id_, _ in links], rows)
    full = _full(connection, rows, len(links)) if adds and link is ContactTag else set()
    changed: Links = []
    for id_, serials in links:
        own = [one for one in sorted(serials) if one in rows and one not in full and ((one, id_) in there) is not adds]
        if own:
            (grouping.add if adds else grouping.take)(connection, link, [id_], own)
        changed.append(own)
    fields = ["tags" if link is ContactTag else "categories"]
    _tell_change(connection, actor, [rows[one] for one in sorted(set().union(*changed))], fields, now)
    return changed


def delete(connection: Connection, actor: Actor, serials: Sequence[int], at: datetime) -> int:
    """Deletes them so that `restore` brings them back by the moment `at`; how many."""
    rows = _locked(connection, actor.account_id, serials)
    _set(connection, rows, deleted_at=at, updated_at=at)
    events.emit_all(connection, "contact.deleted", actor.account_id, [_told(row) for row in rows.values()])
    return len(rows)


def restore(connection: Connection, actor: Actor, serials: Sequence[int], at: datetime, now: datetime) -> int:
    """Brings back those that were deleted at `at`, but for those whose phone or address somebody else has by now; how
    many."""
    rows = _locked(connection, actor.account_id, serials, deleted_at=at)
    taken = _taken(connection, actor.account_id, rows.values())
    back = {serial: row for serial, row in rows.items() if (row.phone_key or row.email) not in taken}
    _set(connection, back, deleted_at=None, updated_at=now)
    told = [_told(row) for row in back.values()]
    events.emit_all(connection, "contact.created", actor.account_id, told)
    events.emit_all(connection, "contact.restored", actor.account_id, told)
    return len(back)


def pack(links: Links) -> bytes:
    """As a job keeps what it changed."""
    return zlib.compress(json.dumps(links, separators=(",", ":")).encode())


def unpack(content: bytes) -> Links:
    links: Links = json.loads(zlib.decompress(content))
    return links


def _locked(
    connection: Connection, account_id: UUID, serials: Sequence[int], deleted_at: datetime | None = None
) -> dict[int, Any]:
    """Those of them that are there, always in one order, so that two jobs never wait for each other."""
    is_kept = Contact.deleted_at.is_(None) if deleted_at is None else Contact.deleted_at == deleted_at
    found = select(*COLUMNS).where(Contact.account_id == account_id, Contact.serial.in_(serials), is_kept)
    return {row.serial: row for row in connection.execute(found.order_by(Contact.serial).with_for_update())}


def _there(
    connection: Connection, link: Link, ids: Collection[UUID], serials: Collection[int]
) -> set[tuple[int, UUID]]:
    group = group_column(link)
    found = select(link.contact_serial, group).where(group.in_(ids), link.contact_serial.in_(serials))
    return {(serial, id_) for serial, id_ in connection.execute(found)}


def _full(connection: Connection, serials: Collection[int], more: int) -> set[int]:
    counted = select(ContactTag.contact_serial).where(ContactTag.contact_serial.in_(serials))
    return set(connection.scalars(counted.group_by(ContactTag.contact_serial).having(func.count() + more > MAX_TAGS)))


def _taken(connection: Connection, account_id: UUID, rows: Iterable[Any]) -> set[str]:
    phones = [row.phone_key for row in rows if row.phone_key]
    emails = [row.email for row in rows if row.email and not row.phone_key]
    mine = (Contact.account_id == account_id) & Contact.deleted_at.is_(None)
    held = set(connection.scalars(select(Contact.phone_key).where(mine, Contact.phone_key.in_(phones))))
    alone = select(Contact.email).where(mine, Contact.phone_key.is_(None), Contact.email.in_(emails))
    return {one for one in (*held, *connection.scalars(alone)) if one}


def _tell_change(connection: Connection, actor: Actor, rows: Sequence[Any], fields: list[str], now: datetime) -> None:
    if not rows:
        return
    _set(connection, [row.serial for row in rows], updated_at=now)
    ids = [row.id for row in rows]
    timeline.note_all(connection, actor.account_id, ids, "contact.updated", {"fields": fields}, actor, at=now)
    events.emit_all(connection, "contact.updated", actor.account_id, [_told(row, fields) for row in rows])


def _set(connection: Connection, serials: Collection[int], **values: Any) -> None:
    if serials:
        mine = update(Contact).where(Contact.serial.in_(list(serials)))
        connection.execute(mine.values(version=Contact.version + 1, **values))


def _told(row: Any, fields: list[str] | None = None) -> dict[str, Any]:
    """Of a contact as it was read before the change."""
    return news.told(row.id, row.version + 1, row.source, fields)
