"""Writing drafts in the group commit: events, deliveries, and what a request has to know before it waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update

from app.accounts.models import ApiClient
from app.core import clock, config_version, metrics
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
from app.tracking.rows import Rows

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
        now, rows = clock.now(), Rows(connection)
        new = sort_out_repeats(connection, rows, [draft for draft in drafts if draft.refusal is None], now)
        if new:
            rows.insert(connection, new)
            shift(connection, _shifts(rows, new))
            matches.count(connection, _accepted(rows, new))
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
        judged: dict[Any, AppError | None] = {}  # of a thousand drafts in a batch most have the same token and pixel
        for draft in drafts:
            if min(draft.client.version, draft.pixel.version) == version:
                continue
            case = (draft.client.token_hash, draft.pixel.id, draft.came_from)
            if case not in judged:
                judged[case] = recheck(connection, version, draft.client, draft.pixel, draft.came_from)
            draft.refusal = judged[case]

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


# -- figures --------------------------------------------------------------------------------------------------------


def _shifts(rows: Rows, drafts: Iterable[Draft]) -> list[Shift]:
    """Of a batch most have the same target, hour and stand."""
    found: dict[tuple[int, datetime, bool], Shift] = {}
    for draft in drafts:
        hour, denied = rows.moment(draft).hour, draft.consent_denied
        key = draft.pixel.id.int, hour, denied
        one = found.get(key)
        stand = Stand(Status.CANCELLED, ErrorClass.CONSENT) if denied else OPEN
        number = 1 if one is None else one.number + 1
        found[key] = Shift(draft.client.account_id, draft.pixel.id, hour, None, stand, number)
    return list(found.values())


def _accepted(rows: Rows, drafts: Iterable[Draft]) -> Iterator[matches.Accepted]:
    for draft in drafts:
        pixel = draft.pixel
        if pixel.platform in matches.IDENTIFYING:
            hour = rows.moment(draft).hour
            yield matches.Accepted(draft.client.account_id, pixel.id, pixel.platform, hour, draft.identity)


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
                | (Target.limited_until > now)
                | ((Target.breaker != Breaker.CLOSED) & (Target.breaker_until > now)),
            )
        )
    )
    for draft in waiting:
        draft.held = draft.pixel.id in held
