"""A desk whose causes can be made and taken away, and what it then shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Row, delete, insert, select, update

from app.attention import checks
from app.attention.models import Finding
from app.attention.reconcile import Reconciler
from app.core import clock
from app.core.db import begin_write
from app.core.models import Heartbeat
from app.core.runtime import runtime
from app.outbound.models import DeliveryTally, Target
from tests.outbound.ledger import Ledger
from tests.tracking_fixtures import make_pixel, with_settings

__all__ = ["make_pixel", "with_settings"]


class Desk:
    """Shortcuts to the causes of findings, and to what is open."""

    def __init__(self, app: Flask) -> None:
        self.state = runtime(app)
        self.engine = self.state.engine
        self.reconciler = Reconciler(self.state)
        self.ledger = Ledger(app)

    def look(self) -> list[Row[Any]]:
        """What is open after a look, by kind."""
        self.reconciler.run()
        return self.open()

    def open(self) -> list[Row[Any]]:
        return [row for row in self.all() if row.resolved_at is None]

    def all(self) -> list[Row[Any]]:
        with self.engine.connect() as connection:
            ordered = select(Finding.__table__).order_by(Finding.kind, Finding.subject, Finding.raised_at)
            return list(connection.execute(ordered))

    def kinds(self) -> list[str]:
        return [row.kind for row in self.look()]

    def change(self, target: UUID, **values: Any) -> None:
        self.ledger.change(Target, target, **values)

    def owe(self, target: UUID, count: int = 1, **delivery: Any) -> None:
        self.ledger.owe(target, count, **delivery)

    def tally(self, target: UUID, state: str, error: str, number: int) -> None:
        """What the engine would have counted."""
        row = {"account_id": self.ledger.target(target).account_id, "target_id": target, "shard": 0}
        with begin_write(self.engine) as connection:
            connection.execute(insert(DeliveryTally), {**row, "state": state, "error": error, "number": number})

    def forget_tallies(self) -> None:
        with begin_write(self.engine) as connection:
            connection.execute(delete(DeliveryTally))

    def beat(self, kind: str, host: str = "one", **vitals: Any) -> None:
        """A heartbeat of another process, just now."""
        row = {"kind": kind, "host": host, "seen_at": clock.now(), **vitals}
        mine = Heartbeat.process == f"{kind}-{host}"
        with begin_write(self.engine) as connection:
            if connection.execute(update(Heartbeat).where(mine).values(**row)).rowcount == 0:
                connection.execute(insert(Heartbeat), {"process": f"{kind}-{host}", **row})


@pytest.fixture
def desk(app: Flask) -> Desk:
    return Desk(app)


@pytest.fixture
def register() -> Iterator[Callable[..., None]]:
    """`register("name", kinds, check)`: a check of this test only."""
    names: list[str] = []

    def add(name: str, kinds: tuple[str, ...], check: checks.Check, patience_s: float = 0.0) -> None:
        names.append(name)
        checks.register(name, kinds, check, patience_s)

    yield add
    for name in names:
        checks.unregister(name)
