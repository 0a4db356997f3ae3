"""Delivery workers that one row kills whenever they come to it, one after the other, until nothing is open.

`python -m tests.chaos.deadly <build|read> <attempts>` in a process of its own, with the settings of the test in its
environment, prints the exit codes of the workers.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from app import create_app
from app.core import clock
from app.core.exchange import Call, Outcome, Reply
from app.core.runtime import runtime
from app.outbound.drain import Drain
from app.outbound.kinds import KINDS, Adapter, Party
from app.outbound.models import IS_OPEN, Delivery
from app.outbound.policy import PLATFORM
from app.tracking.conversions import Conversions

POISON = "kills"
EXIT_CODE = 137  # as the kernel's when memory runs out
CALL_S = 0.3
LIFE_S = 20.0
MOST_WORKERS = 20
STEP, ATTEMPTS = (sys.argv[1], int(sys.argv[2])) if __name__ == "__main__" else ("build", 5)


class Trap:
    """An adapter that takes the whole process along at one event."""

    def __init__(self, inner: Adapter) -> None:
        self._inner = inner
        self.max_batch = inner.max_batch

    def batch_key(self, item: Any, target: Any) -> Hashable:
        return self._inner.batch_key(item, target)

    def build(self, items: Sequence[Any], target: Any) -> Call:
        _die_of(items, "build")
        return self._inner.build(items, target)

    def read(self, reply: Reply, items: Sequence[Any]) -> Outcome | list[Outcome]:
        _die_of(items, "read")
        return self._inner.read(reply, items)


class Deadly(Conversions):
    policy = replace(PLATFORM, max_attempts=ATTEMPTS)

    @property
    def timeout_s(self) -> float:
        return CALL_S

    def parties(self, connection: Connection, target_ids: Sequence[UUID]) -> Mapping[UUID, Party]:
        found = super().parties(connection, target_ids)
        return {id_: replace(party, adapter=Trap(party.adapter)) for id_, party in found.items()}


def _die_of(items: Sequence[Any], step: str) -> None:
    if step == STEP and any(item.event_id == POISON for item in items):
        os._exit(EXIT_CODE)


def _work() -> None:
    app = create_app()
    drain = Drain(runtime(app), f"deadly-{os.getpid()}")
    until = clock.monotonic() + LIFE_S
    while clock.monotonic() < until:
        drain.run(0.1)
        with runtime(app).engine.connect() as connection:
            if not connection.scalar(select(func.count()).select_from(Delivery).where(IS_OPEN)):
                break
    drain.close(grace_s=1)


def main() -> None:
    """As the supervisor does it, without its pauses: a fork is a new worker that has loaded everything."""
    KINDS["conversion"] = f"{__name__}:Deadly"
    codes: list[int] = []
    while len(codes) < MOST_WORKERS and codes[-1:] != [0]:
        worker = os.fork()
        if worker == 0:
            try:
                _work()
            finally:
                os._exit(0)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]))
    print(json.dumps(codes))


if __name__ == "__main__":
    main()
