"""Telling waiting requests what became of their first attempt: published by workers, awaited in web processes."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from queue import Full, Queue
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from app.core.db import by_account
from app.core.queue import ALWAYS_AWAY_ERRORS, connect
from app.outbound.models import Delivery, Status
from app.outbound.results import Written

BACKLOG = 200  # groups of verdicts that wait for Valkey
END_S = 0.5
FINAL = (Status.DONE, Status.DEAD, Status.CANCELLED)
Ref = tuple[UUID, UUID]  # account, and the domain row a delivery refers to


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a caller learns of a delivery: where it stands and what the platform said at the last attempt."""

    status: str
    outcome: str | None
    http_status: int | None
    detail: str | None
    response: str | None


def channel(process: str) -> str:
    return f"v:{process}"


class Publisher:
    """Publishes verdicts from a thread of its own: the drain never waits for Valkey. A lost one is only slower."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._queue: Queue[dict[str, dict[str, Any]] | None] = Queue(BACKLOG)
        self._thread = threading.Thread(target=self._run, name="verdicts", daemon=True)
        self._thread.start()

    def publish(self, written: Iterable[Written]) -> None:
        """Queues the verdicts of rows in which a request may be waiting."""
        by_process: dict[str, dict[str, Any]] = defaultdict(dict)
        for item in written:
            row, result = item.result.row, item.result
            if row.waiter is not None:
                verdict = Verdict(
                    item.step.status, result.outcome.verdict, result.http_status, item.step.detail, result.response
                )
                by_process[row.waiter][row.ref_id.hex] = asdict(verdict)
        if by_process:
            with suppress(Full):  # Valkey hangs: those who wait look in the database by now
                self._queue.put_nowait(by_process)

    def end(self) -> None:
        """Sends what is queued, for a moment, and ends the thread."""
        with suppress(Full):
            self._queue.put_nowait(None)
        self._thread.join(END_S)

    def _run(self) -> None:
        with connect(self._url) as client:
            while (by_process := self._queue.get()) is not None:
                with suppress(*ALWAYS_AWAY_ERRORS):
                    for process, verdicts in by_process.items():
                        client.publish(channel(process), json.dumps(verdicts))


def find_verdicts(connection: Connection, refs: Sequence[Ref]) -> dict[UUID, Verdict]:
    """The latest verdict of each reference whose delivery was tried or is final."""
    found = {}
    for account_id, ref_ids in by_account(refs).items():
        rows = connection.execute(
            select(
                Delivery.ref_id,
                Delivery.status,
                Delivery.outcome,
                Delivery.http_status,
                Delivery.detail,
                Delivery.response,
            )
            .where(Delivery.account_id == account_id, Delivery.ref_id.in_(ref_ids))
            .order_by(Delivery.generation)
        )
        for row in rows:
            if row.outcome is not None or row.status in FINAL:
                found[row.ref_id] = Verdict(row.status, row.outcome, row.http_status, row.detail, row.response)
    return found
