"""Writing drafts in the group commit: keys, events, deliveries, and what is known of a repeat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql

from app.accounts.models import ApiClient
from app.core import clock, config_version
from app.core.bulk import BulkInsert
from app.core.db import after_commit, by_account
from app.core.errors import Conflict
from app.core.ids import created_at
from app.core.queue import ring
from app.outbound.models import Breaker, Delivery, Status, Target, TargetState
from app.outbound.verdicts import find_verdicts
from app.tracking.draft import Draft
from app.tracking.lookup import Lookups
from app.tracking.models import EventKey, TrackedEvent
from app.tracking.recheck import recheck

CONSENT_DENIED = "Consent denied"
SAME_KEY_OTHER_BODY = "This Idempotency-Key was used with another body"
TWO_EVENTS = "Idempotency-Key and event_id name two different events"
TOUCH_S = 60.0  # a client's last use is written at most this often

Key = tuple[UUID, UUID, str]
Known = tuple[UUID, str]  # event id, body hash


class EventRecorder:
    """The recorder of one process's writer."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        self._touched: dict[UUID, float] = {}
        self._version = -1

    def record(self, connection: Connection, items: Sequence[Any]) -> None:
        drafts: Sequence[Draft] = items
        self._check_version(connection, drafts)
        now = clock.now()
        new = _sort_out_repeats(connection, [draft for draft in drafts if draft.refusal is None], now)
        if new:
            _insert_events(connection, [_event_row(draft) for draft in new])
            _insert_deliveries(connection, [_delivery_row(draft) for draft in new])
            after_commit(connection, "bell", ring)
        _look_at_repeats(connection, drafts)
        _find_held(connection, drafts)
        self._touch_clients(connection, drafts, now)

    def _check_version(self, connection: Connection, drafts: Sequence[Draft]) -> None:
        """Revocation is exact: when the configuration moved, each draft is judged again by what is committed now."""
        version = config_version.current(connection)
        if version != self._version:
            self._lookups.clear()
            self._version = version
        for draft in drafts:
            if min(draft.client.version, draft.pixel.version) != version:
                draft.refusal = recheck(connection, version, draft.client, draft.pixel)

    def _touch_clients(self, connection: Connection, drafts: Sequence[Draft], now: datetime) -> None:
        tick = clock.monotonic()
        for draft in drafts:
            client_id = draft.client.id
            if draft.refusal is None and tick - self._touched.get(client_id, -TOUCH_S) >= TOUCH_S:
                self._touched[client_id] = tick
                values = {"last_used_at": now, "last_address": draft.caller}
                connection.execute(update(ApiClient).where(ApiClient.id == client_id).values(**values))
                first = (ApiClient.id == client_id) & ApiClient.first_event_at.is_(None)
                connection.execute(update(ApiClient).where(first).values(first_event_at=now))


# -- repeats --------------------------------------------------------------------------------------------------------


def _sort_out_repeats(connection: Connection, drafts: Sequence[Draft], now: datetime) -> list[Draft]:
    """The drafts that are new, their keys stored; the others learn which event they repeat."""
    known = _known_keys(connection, drafts, now)
    new: list[Draft] = []
    to_store: dict[Key, dict[str, Any]] = {}
    for draft in drafts:
        if not _is_repeat(draft, known):
            new.append(draft)
        if draft.refusal is None:
            for key, row in _key_rows(draft):
                if key not in known:
                    known[key] = (draft.original_id or draft.id, draft.body_hash)
                    to_store[key] = row
    lost = _store_keys(connection, to_store, now)
    if lost:  # another process committed one of these keys a moment ago: its event stands
        new = _yield_to(connection, new, lost)
    return new


def _is_repeat(draft: Draft, known: dict[Key, Known]) -> bool:
    """Whether one of the draft's keys is taken; a contradiction between them becomes its refusal."""
    found = {key_hash: known[key] for key, key_hash in _own_keys(draft) if key in known}
    if not found:
        return False
    if len({event_id for event_id, _ in found.values()}) > 1:
        draft.refusal = Conflict(TWO_EVENTS)
        return True
    header = found.get(draft.idempotency_key or "")
    if header is not None and header[1] != draft.body_hash:
        draft.refusal = Conflict(SAME_KEY_OTHER_BODY)
        return True
    draft.original_id = next(iter(found.values()))[0]
    return True


def _own_keys(draft: Draft) -> list[tuple[Key, str]]:
    return [((draft.client.account_id, draft.client.id, key_hash), key_hash) for key_hash, _ in draft.keys]


def _key_rows(draft: Draft) -> list[tuple[Key, dict[str, Any]]]:
    client = draft.client
    return [
        (
            (client.account_id, client.id, key_hash),
            {
                "account_id": client.account_id,
                "client_id": client.id,
                "key_hash": key_hash,
                "event_id": draft.original_id or draft.id,
                "body_hash": draft.body_hash,
                "expires_at": expires_at,
            },
        )
        for key_hash, expires_at in draft.keys
    ]


def _known_keys(connection: Connection, drafts: Sequence[Draft], now: datetime) -> dict[Key, Known]:
    """Asked client by client: SQLite scans the whole table for a list of row values, and seeks for this."""
    wanted: dict[tuple[UUID, UUID], set[str]] = {}
    for draft in drafts:
        hashes = wanted.setdefault((draft.client.account_id, draft.client.id), set())
        hashes.update(key_hash for key_hash, _ in draft.keys)
    known: dict[Key, Known] = {}
    for (account_id, client_id), hashes in wanted.items():
        values = {"account": account_id, "client": client_id, "hashes": list(hashes), "now": now}
        for key_hash, event_id, body_hash in connection.execute(_KNOWN_KEYS, values):
            known[account_id, client_id, key_hash] = (event_id, body_hash)
    return known


_KNOWN_KEYS = select(EventKey.key_hash, EventKey.event_id, EventKey.body_hash).where(
    EventKey.account_id == bindparam("account"),
    EventKey.client_id == bindparam("client"),
    EventKey.key_hash.in_(bindparam("hashes", expanding=True)),
    EventKey.expires_at > bindparam("now"),
)


def _store_keys(connection: Connection, rows: dict[Key, dict[str, Any]], now: datetime) -> set[Key]:
    """Inserts keys, replacing expired ones; returns those that somebody else holds by now. In key order, so that two
    batches cannot deadlock."""
    if not rows:
        return set()
    values = [rows[key] for key in sorted(rows)]
    if connection.dialect.name == "sqlite":  # the only writer: what was free a moment ago still is
        _replace_keys(connection, values)
        return set()
    upsert = postgresql.insert(EventKey)
    replace_expired = upsert.on_conflict_do_update(
        index_elements=["account_id", "client_id", "key_hash"],
        set_={name: upsert.excluded[name] for name in ("event_id", "body_hash", "expires_at")},
        where=EventKey.expires_at <= now,
    ).returning(EventKey.account_id, EventKey.client_id, EventKey.key_hash)
    stored = {(account, client, key) for account, client, key in connection.execute(replace_expired, values)}
    return set(rows) - stored


_replace_keys = BulkInsert(
    EventKey,
    ("account_id", "client_id", "key_hash", "event_id", "body_hash", "expires_at"),
    "ON CONFLICT (account_id, client_id, key_hash) DO UPDATE SET"
    " event_id = excluded.event_id, body_hash = excluded.body_hash, expires_at = excluded.expires_at",
)


def _yield_to(connection: Connection, new: Sequence[Draft], lost: set[Key]) -> list[Draft]:
    """Drafts whose key was taken by a concurrent commit become repeats; keys they had stored themselves go."""
    kept = []
    for draft in new:
        own = [key for key, _ in _own_keys(draft)]
        if not lost.intersection(own):
            kept.append(draft)
            continue
        for account_id, client_id, key_hash in set(own) - lost:
            mine = (EventKey.account_id == account_id) & (EventKey.client_id == client_id)
            connection.execute(
                delete(EventKey).where(mine, EventKey.key_hash == key_hash, EventKey.event_id == draft.id)
            )
        _is_repeat(draft, _known_keys(connection, [draft], clock.now()))
    return kept


_insert_events = BulkInsert(TrackedEvent, tuple(TrackedEvent.__table__.columns.keys()))
_insert_deliveries = BulkInsert(
    Delivery,
    (
        "account_id", "id", "kind", "target_id", "ref_id", "ref_at", "generation", "status", "attempts", "next_at",
        "expires_at", "waiter", "detail", "created_at", "done_at",
    ),
)  # fmt: skip


# -- rows -----------------------------------------------------------------------------------------------------------


def _event_row(draft: Draft) -> dict[str, Any]:
    fields, identity = draft.fields, draft.identity
    return {
        "account_id": draft.client.account_id,
        "created_at": created_at(draft.id),
        "id": draft.id,
        "client_id": draft.client.id,
        "target_id": draft.pixel.id,
        "platform": draft.pixel.platform,
        "pixel_id": draft.pixel.pixel_id,
        "event_name": draft.event_name,
        "event_id": draft.event_id,
        "event_time": draft.event_time,
        "click_id": draft.click_id,
        "value": fields.get("value"),
        "currency": fields.get("currency"),
        "em_hash": _first(identity.get("em")),
        "ph_hash": _first(identity.get("ph")),
        "identity": identity,
        "fields": fields,
    }


def _first(hashes: Any) -> str | None:
    return hashes[0] if isinstance(hashes, list) and hashes else hashes or None


def _delivery_row(draft: Draft) -> dict[str, Any]:
    at = created_at(draft.id)
    return {
        "account_id": draft.client.account_id,
        "id": draft.id,  # one event, one delivery: the same id saves a look-up
        "kind": "conversion",
        "target_id": draft.pixel.id,
        "ref_id": draft.id,
        "ref_at": at,
        "generation": 0,
        "status": Status.CANCELLED if draft.consent_denied else Status.PENDING,
        "attempts": 0,
        "next_at": at,
        "expires_at": draft.expires_at,
        "waiter": draft.waiter,
        "detail": CONSENT_DENIED if draft.consent_denied else None,
        "created_at": at,
        "done_at": at if draft.consent_denied else None,
    }


# -- what the request has to know before it waits --------------------------------------------------------------------


def _look_at_repeats(connection: Connection, drafts: Sequence[Draft]) -> None:
    repeats = [draft for draft in drafts if draft.original_id is not None]
    if not repeats:
        return
    mine = {draft.id: draft for draft in drafts}
    refs = [(draft.client.account_id, draft.original_id) for draft in repeats if draft.original_id]
    verdicts = find_verdicts(connection, refs)
    event_ids = _event_ids(connection, refs)
    for draft in repeats:
        assert draft.original_id is not None
        draft.verdict = verdicts.get(draft.original_id)
        twin = mine.get(draft.original_id)
        draft.event_id = event_ids.get(draft.original_id, twin.event_id if twin else draft.event_id)
        if draft.waiter is not None and draft.verdict is None:
            connection.execute(
                _ADOPT, {"row_account": draft.client.account_id, "row_ref": draft.original_id, "waiter_": draft.waiter}
            )


def _event_ids(connection: Connection, refs: Sequence[tuple[UUID, UUID]]) -> dict[UUID, str]:
    found = {}
    for account_id, ids in by_account(refs).items():
        for id_ in ids:
            key = (TrackedEvent.account_id == account_id) & (TrackedEvent.created_at == created_at(id_))
            found[id_] = connection.scalar(select(TrackedEvent.event_id).where(key, TrackedEvent.id == id_)) or ""
    return {id_: event_id for id_, event_id in found.items() if event_id}


_ADOPT = (  # of two processes that wait for one event, the first is told and the other sweeps
    update(Delivery)
    .where(Delivery.account_id == bindparam("row_account"), Delivery.ref_id == bindparam("row_ref"))
    .where(Delivery.waiter.is_(None))
    .values(waiter=bindparam("waiter_"))
)


def _find_held(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Marks drafts whose target calls nobody just now, so that their requests do not wait in vain."""
    waiting = [draft for draft in drafts if draft.waiter is not None and draft.refusal is None]
    if not waiting:
        return
    now = clock.now()
    targets = {draft.pixel.id for draft in waiting}
    held = set(
        connection.scalars(
            select(Target.id).where(
                Target.id.in_(targets),
                (Target.state != TargetState.ACTIVE)
                | (Target.not_before > now)
                | ((Target.breaker != Breaker.CLOSED) & (Target.breaker_until > now)),
            )
        )
    )
    for draft in waiting:
        draft.held = draft.pixel.id in held
