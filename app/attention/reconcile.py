"""Comparing what the checks find with what is open: raise, update, resolve, and write nothing when nothing changed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Uuid, column, select, table, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from app.attention.checks import Found, Look, Registered, registered
from app.attention.models import Finding
from app.core import clock
from app.core.db import begin_write
from app.core.events import emit
from app.core.ids import uuid7
from app.core.runtime import Runtime

log = logging.getLogger(__name__)
PART = 100  # changes of one write transaction
Key = tuple[UUID, str, str]  # account, kind, subject: what is open at most once
Change = Callable[[Connection, datetime], None]

_ACCOUNTS = select(column("id", Uuid)).select_from(table("account"))
_OPEN = select(
    Finding.id, Finding.account_id, Finding.kind, Finding.subject, Finding.severity, Finding.facts
).where(Finding.resolved_at.is_(None))  # fmt: skip
_INSERTS = {
    "sqlite": sqlite.insert(Finding).on_conflict_do_nothing().returning(Finding.id),
    "postgresql": postgresql.insert(Finding).on_conflict_do_nothing().returning(Finding.id),
}


class Reconciler:
    """One per process. Any number of processes may reconcile at once: every change is conditional in the database."""

    def __init__(self, state: Runtime) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._ran_at: float | None = None
        self._first_found: dict[Key, float] = {}  # of what is not raised yet, on the monotonic clock

    def run_if_older(self, seconds: float, *, wait: bool = True) -> None:
        """Reconciles unless this process did within the last `seconds`; without `wait` not while another thread
        does. A database that fails is not the caller's trouble: what is stored stays."""
        if self._is_younger(seconds) or not self._lock.acquire(blocking=wait):
            return
        try:
            if not self._is_younger(seconds):
                self._run()
        except SQLAlchemyError as error:
            log.warning("what needs a person could not be looked for: %s", type(error).__name__)
        finally:
            self._lock.release()

    def _is_younger(self, seconds: float) -> bool:
        return self._ran_at is not None and clock.monotonic() - self._ran_at < seconds

    def run(self) -> None:
        """Reconciles now. Raises SQLAlchemyError."""
        with self._lock:
            self._run()

    def _run(self) -> None:
        self._ran_at, now = clock.monotonic(), clock.now()
        with self._state.engine.connect() as connection:
            # What is open first: whatever the checks then see is newer, so that nobody raises what another resolved.
            with connection.begin():
                is_open = {_key(row): row for row in connection.execute(_OPEN)}
                accounts = list(connection.scalars(_ACCOUNTS))
            found, failed = self._look(connection, accounts, now)
        changes = list(self._changes(is_open, found, failed))
        for start in range(0, len(changes), PART):
            with begin_write(self._state.engine) as connection:
                for change in changes[start : start + PART]:
                    change(connection, now)

    def _look(
        self, connection: Connection, accounts: list[UUID], now: datetime
    ) -> tuple[dict[Key, tuple[Found, float]], set[str]]:
        """What the checks find, with each one's patience, and the kinds of those that failed."""
        found: dict[Key, tuple[Found, float]] = {}
        failed: set[str] = set()
        for each in registered():
            try:
                with connection.begin():  # its own: a statement that fails would spoil the others' on PostgreSQL
                    things = list(each.check(Look(connection, now, self._state)))
            except Exception:  # a defect of one check must not hide what the others find
                log.exception("the check %s failed; what it found before stays", each.name)
                failed |= each.kinds
            else:
                found |= _by_key(each, things, accounts)
        return found, failed

    def _changes(
        self, is_open: dict[Key, Row[Any]], found: dict[Key, tuple[Found, float]], failed: set[str]
    ) -> Iterator[Change]:
        for key, row in is_open.items():
            thing = found[key][0] if key in found else None
            if thing is None and row.kind not in failed:
                yield partial(_resolve, row)
            elif thing is not None and (row.severity, row.facts) != (thing.severity, thing.facts):
                yield partial(_update, row, thing)
        fresh = {key: each for key, each in found.items() if key not in is_open}
        self._first_found = {key: self._first_found.get(key, clock.monotonic()) for key in fresh}
        for key, (thing, patience_s) in fresh.items():
            if clock.monotonic() - self._first_found[key] >= patience_s:
                yield partial(_raise, thing)


def _key(row: Any) -> Key:
    return row.account_id, row.kind, row.subject


def _by_key(check: Registered, things: Iterable[Found], accounts: list[UUID]) -> dict[Key, tuple[Found, float]]:
    found = {}
    for thing in things:
        for account_id in accounts if thing.account_id is None else [thing.account_id]:
            own = replace(thing, account_id=account_id, subject=thing.subject[:128])
            found[_key(own)] = own, check.patience_s
    return found


def _raise(thing: Found, connection: Connection, now: datetime) -> None:
    row = {
        "id": uuid7(),
        "account_id": thing.account_id,
        "kind": thing.kind,
        "subject": thing.subject,
        "severity": thing.severity,
        "facts": thing.facts,
        "raised_at": now,
        "changed_at": now,
    }
    if connection.execute(_INSERTS[connection.dialect.name], row).one_or_none() is not None:
        _tell(connection, "attention.raised", row)


def _update(row: Row[Any], thing: Found, connection: Connection, now: datetime) -> None:
    values = {"severity": thing.severity, "facts": thing.facts, "changed_at": now}
    connection.execute(update(Finding).where(*_still_open(row)).values(**values))


def _resolve(row: Row[Any], connection: Connection, now: datetime) -> None:
    ended = update(Finding).where(*_still_open(row)).values(resolved_at=now, changed_at=now)
    if connection.execute(ended).rowcount:
        _tell(connection, "attention.resolved", dict(row._mapping))


def _still_open(row: Row[Any]) -> tuple[Any, ...]:
    return Finding.id == row.id, Finding.resolved_at.is_(None)


def _tell(connection: Connection, name: str, row: dict[str, Any]) -> None:
    """For whoever subscribes, in the transaction of the change itself."""
    payload = {"id": str(row["id"]), **{field: row[field] for field in ("kind", "subject", "severity", "facts")}}
    emit(connection, name, row["account_id"], payload)
