"""Writing drafts in the group commit: events, deliveries, and what a request has to know before it waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update

from app.accounts.models import ApiClient
from app.core import clock, config_version, metrics
from app.core.bulk import BulkInsert
from app.core.db import after_commit, by_account
from app.core.errors import AppError
from app.core.ids import created_at
from app.core.queue import ring
from app.outbound.models import Breaker, Delivery, ErrorClass, Status, Target, TargetState
from app.outbound.tally import OPEN, Shift, Stand, shift
from app.outbound.verdicts import find_verdicts
from app.tracking import matches
from app.tracking.draft import Draft
from app.tracking.lookup import Lookups
from app.tracking.models import TrackedEvent
from app.tracking.recheck import recheck
from app.tracking.repeats import sort_out_repeats

CONSENT_DENIED = "Consent denied"
TOUCH_S = 60.0  # a client's last use is written at most this often


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
        new = sort_out_repeats(connection, [draft for draft in drafts if draft.refusal is None], now)
        if new:
            _insert_events(connection, [_event_row(draft) for draft in new])
            _insert_deliveries(connection, [_delivery_row(draft) for draft in new])
            shift(connection, map(_shift, new))
            matches.count(connection, map(_accepted, new))
            after_commit(connection, "bell", ring)
            after_commit(connection, "count", partial(metrics.count, "kalitrack_events_accepted", len(new)))
        _look_at_repeats(connection, drafts)
        _find_held(connection, drafts)
        self._touch_clients(connection, drafts, now)

    def _check_version(self, connection: Connection, drafts: Sequence[Draft]) -> None:
        """Revocation is exact: when the configuration moved, each draft is judged again by what is committed now."""
        version = config_version.current(connection)
        if version != self._version:
            self._lookups.clear()
            self._version = version
        judged: dict[tuple[UUID, UUID], AppError | None] = {}  # of a thousand drafts in a batch most have the same two
        for draft in drafts:
            if min(draft.client.version, draft.pixel.version) == version:
                continue
            pair = (draft.client.id, draft.pixel.id)
            if pair not in judged:
                judged[pair] = recheck(connection, version, draft.client, draft.pixel)
            draft.refusal = judged[pair]

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


_LATER = {"repeats", "repeated_at", "edited_at"}
_AT_FIRST = [column.name for column in TrackedEvent.__table__.columns if column.name not in _LATER]
_insert_events = BulkInsert(TrackedEvent, _AT_FIRST)
_insert_deliveries = BulkInsert(
    Delivery,
    (
        "account_id", "id", "kind", "target_id", "ref_id", "ref_at", "generation", "status", "attempts", "next_at",
        "expires_at", "waiter", "error", "detail", "created_at", "done_at",
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
        "click_id": draft.click_id or fields.get("fbclid"),
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
        "error": ErrorClass.CONSENT if draft.consent_denied else None,
        "detail": CONSENT_DENIED if draft.consent_denied else None,
        "created_at": at,
        "done_at": at if draft.consent_denied else None,
    }


def _accepted(draft: Draft) -> matches.Accepted:
    at = created_at(draft.id)
    return matches.Accepted(draft.client.account_id, draft.pixel.id, draft.pixel.platform, at, draft.identity)


def _shift(draft: Draft) -> Shift:
    stand = Stand(Status.CANCELLED, ErrorClass.CONSENT) if draft.consent_denied else OPEN
    return Shift(draft.client.account_id, draft.pixel.id, created_at(draft.id), None, stand)


# -- what the request has to know before it waits --------------------------------------------------------------------


def _look_at_repeats(connection: Connection, drafts: Sequence[Draft]) -> None:
    repeats = [draft for draft in drafts if draft.original_id is not None]
    if not repeats:
        return
    mine = {draft.id: draft for draft in drafts}
    refs = [(draft.client.account_id, draft.original_id) for draft in repeats if draft.original_id]
    verdicts = find_verdicts(connection, refs)
    event_ids = _event_ids(connection, refs)
    _count_repeats(connection, refs)
    for draft in repeats:
        assert draft.original_id is not None
        draft.verdict = verdicts.get(draft.original_id)
        twin = mine.get(draft.original_id)
        draft.event_id = event_ids.get(draft.original_id, twin.event_id if twin else draft.event_id)
        if draft.waiter is not None and draft.verdict is None:
            connection.execute(
                _ADOPT, {"row_account": draft.client.account_id, "row_ref": draft.original_id, "waiter_": draft.waiter}
            )


def _count_repeats(connection: Connection, refs: Sequence[tuple[UUID, UUID]]) -> None:
    now = clock.now()
    seen = []
    for account_id, id_ in sorted(refs):  # in one order: no two writers deadlock
        seen.append({"row_account": account_id, "row_at": created_at(id_), "row_id": id_, "now": now})
    connection.execute(_COUNT_REPEAT, seen)


_COUNT_REPEAT = (
    update(TrackedEvent)
    .where(
        TrackedEvent.account_id == bindparam("row_account"),
        TrackedEvent.created_at == bindparam("row_at"),
        TrackedEvent.id == bindparam("row_id"),
    )
    .values(repeats=TrackedEvent.repeats + 1, repeated_at=bindparam("now"))
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
