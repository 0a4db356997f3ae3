"""Knowing a repeat: keys are stored optimistically, and only a batch in which one was taken is looked at closely."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, select, update

from app.core.errors import Conflict
from app.tracking.draft import Draft
from app.tracking.models import EventKey
from app.tracking.rows import Rows, store_keys

SAME_KEY_OTHER_BODY = "This Idempotency-Key was used with another body"
TWO_EVENTS = "Idempotency-Key and event_id name two different events"

Key = tuple[UUID, UUID, str]  # account, client, hash
Holder = tuple[UUID, str]  # the event accepted under a key, and the hash of its body


def sort_out_repeats(connection: Connection, made: Rows, drafts: Sequence[Draft], now: datetime) -> list[Draft]:
    """Stores the drafts' keys; returns the drafts that are new. The others learn which event they repeat, or get a
    refusal that names the contradiction between their keys."""
    if not drafts:
        return []
    rows = [row for draft in drafts for row in made.keys(draft)]
    rows.sort(key=BY_KEY)  # no deadlock
    if _store(connection, rows, now) == len(rows):
        return list(drafts)
    return _look_closely(connection, made, drafts, now)


BY_KEY = itemgetter(2, 1, 0)  # the hash, client and account


def _store(connection: Connection, rows: Sequence[tuple[Any, ...]], now: datetime) -> int:
    """Inserts keys or replaces expired ones, first come first served; returns how many are the rows' own now."""
    if connection.dialect.name == "sqlite":
        return store_keys.ready(connection, rows, now)
    first = {row[:3]: row for row in reversed(rows)}  # one statement takes a key once
    return store_keys.ready(connection, list(reversed(first.values())), now)


def _look_closely(connection: Connection, made: Rows, drafts: Sequence[Draft], now: datetime) -> list[Draft]:
    holders = _holders(connection, drafts)
    originals: dict[UUID, UUID] = {}  # repeats of this batch, which hold keys but will not exist
    unsettled: set[UUID] = set()  # refused, and so without an event and keys; or judged once that is so
    new, again = [], []
    for draft in drafts:
        held = {
            key_hash: (originals.get(event_id, event_id), body_hash)
            for key_hash, (event_id, body_hash) in ((key[2], holders[key]) for key in _keys(draft))
        }
        others = {event_id for event_id, _ in held.values() if event_id != draft.id}
        if not others:
            new.append(draft)
        elif others & unsettled:
            unsettled.add(draft.id)
            again.append(draft)
        elif _contradiction(draft, held, others):
            unsettled.add(draft.id)
            _drop_keys(connection, draft)
        else:
            draft.original_id = originals[draft.id] = others.pop()
            _hand_keys_over(connection, draft)
    return new + sort_out_repeats(connection, made, again, now)


def _contradiction(draft: Draft, held: dict[str, Holder], others: set[UUID]) -> bool:
    if len(others) > 1:
        draft.refusal = Conflict(TWO_EVENTS)
        return True
    header = held.get(draft.idempotency_key or "")
    if header is not None and header[0] != draft.id and header[1] != draft.body_hash:
        draft.refusal = Conflict(SAME_KEY_OTHER_BODY)
        return True
    return False


def _keys(draft: Draft) -> list[Key]:
    return [(draft.client.account_id, draft.client.id, key_hash) for key_hash, _ in draft.keys]


def _holders(connection: Connection, drafts: Sequence[Draft]) -> dict[Key, Holder]:
    """Who holds each of the drafts' keys by now. Asked client by client: SQLite would scan the table for a list of row
    values, and seeks for this."""
    wanted: dict[tuple[UUID, UUID], set[str]] = {}
    for account_id, client_id, key_hash in (key for draft in drafts for key in _keys(draft)):
        wanted.setdefault((account_id, client_id), set()).add(key_hash)
    holders: dict[Key, Holder] = {}
    for (account_id, client_id), hashes in wanted.items():
        values = {"account": account_id, "client": client_id, "hashes": list(hashes)}
        for key_hash, event_id, body_hash in connection.execute(_HOLDERS, values):
            holders[account_id, client_id, key_hash] = (event_id, body_hash)
    return holders


_HOLDERS = select(EventKey.key_hash, EventKey.event_id, EventKey.body_hash).where(
    EventKey.account_id == bindparam("account"),
    EventKey.client_id == bindparam("client"),
    EventKey.key_hash.in_(bindparam("hashes", expanding=True)),
)
_MINE = (
    EventKey.account_id == bindparam("account"),
    EventKey.client_id == bindparam("client"),
    EventKey.key_hash.in_(bindparam("hashes", expanding=True)),
    EventKey.event_id == bindparam("draft"),
)


def _mine(draft: Draft) -> dict[str, Any]:
    hashes = [key_hash for key_hash, _ in draft.keys]
    return {"account": draft.client.account_id, "client": draft.client.id, "hashes": hashes, "draft": draft.id}


def _hand_keys_over(connection: Connection, draft: Draft) -> None:
    """A repeat's second key names the original from now on."""
    connection.execute(
        update(EventKey).where(*_MINE).values(event_id=bindparam("original")),
        {**_mine(draft), "original": draft.original_id},
    )


def _drop_keys(connection: Connection, draft: Draft) -> None:
    connection.execute(delete(EventKey).where(*_MINE), _mine(draft))
