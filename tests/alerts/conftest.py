"""Findings as a check of the test reports them, what becomes of them, and who was told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Row, insert, select

from app.accounts import audit
from app.accounts.sign_in import first_account
from app.alerts import news, service
from app.alerts.models import Alert
from app.alerts.sweep import sweep
from app.alerts.topics import BY_KEY
from app.attention.checks import Found, Severity, register, unregister
from app.attention.reconcile import Reconciler
from app.core import events
from app.core.db import begin_write, db, write
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.outbound.models import DeliveryHour
from tests.letters import Read, letters

CHECK = "of this test"
KINDS = ("dead_letters", "queue_old", "token_refused", "version_expiring", "webhook_disabled", "receiver_gone")


class Watch:
    """`find(…)` is what the checks report from now on; `look()` reconciles and sweeps."""

    def __init__(self, app: Flask) -> None:
        self.app, self.found, self.state = app, [], runtime(app)
        self.heard: list[tuple[str, UUID, dict[str, Any]]] = []
        with app.app_context(), write() as session:
            self.account_id = first_account(session).id

    def find(
        self,
        *found: tuple[str, str, dict[str, Any]],
        account_id: UUID | None = None,
        severity: Severity = Severity.WARNING,
    ) -> None:
        self.found = [
            Found(account_id or self.account_id, kind, subject, severity, facts) for kind, subject, facts in found
        ]

    def dead(self, *numbers: int, name: str = "Meta 1") -> None:
        """Dead letters of as many receivers."""
        facts = {"target": name, "kind": "conversion", "error": "refused"}
        self.find(*(("dead_letters", f"t{at}", {**facts, "number": number}) for at, number in enumerate(numbers)))

    def look(self) -> int:
        """How many letters and events this told."""
        before = len(self.letters()) + len(self.heard)
        Reconciler(self.state).run()
        with self.app.app_context():
            sweep(self.state.engine)
        return len(self.letters()) + len(self.heard) - before

    def rule(self, topic: str, account_id: UUID | None = None, **values: Any) -> None:
        with self.app.app_context(), write():
            service.save(audit.system_actor(account_id or self.account_id), BY_KEY[topic], values)
            db.session.flush()

    def letters(self) -> list[Read]:
        return letters(self.app)

    def alerts(self) -> list[Row[Any]]:
        with self.state.engine.connect() as connection:
            return list(connection.execute(select(Alert.__table__).order_by(Alert.raised_at, Alert.subject)))

    def hear(self, _connection: object, name: str, account_id: UUID, payload: dict[str, Any]) -> None:
        self.heard.append((name, account_id, payload))

    def count(self, target: UUID, hour: Any, account_id: UUID | None = None, **numbers: int) -> None:
        """What the rollup would hold of an hour."""
        nothing = {column.name: 0 for column in DeliveryHour.__table__.columns}
        key = {"account_id": account_id or self.account_id, "hour": hour, "target_id": target, "shard": 0}
        with begin_write(self.state.engine) as connection:
            connection.execute(insert(DeliveryHour), {**nothing, **key, **numbers})


@pytest.fixture
def watch(app: Flask) -> Iterator[Watch]:
    made = Watch(app)
    register(CHECK, KINDS, lambda _look: made.found)
    for name in (news.RAISED, news.RESOLVED):
        events.subscribe(name, made.hear)
    yield made
    for name in (news.RAISED, news.RESOLVED):
        events.unsubscribe(name, made.hear)
    unregister(CHECK)


@pytest.fixture
def ids() -> Callable[[], str]:
    return lambda: str(uuid7())
