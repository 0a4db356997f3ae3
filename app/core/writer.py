"""Group commit: one thread per process writes what requests hand in, many in one transaction, and wakes them after."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from app.core import faults
from app.core.db import connect_to_write, transaction

log = logging.getLogger(__name__)
MAX_BATCH = 250  # events with keys, deliveries and rollups that still commit well under 20 ms
Item_contra = TypeVar("Item_contra", contravariant=True)


class Recorder(Protocol[Item_contra]):
    """Writes its items on the writer's connection and leaves each one's result on the item itself."""

    def record(self, connection: Connection, items: Sequence[Item_contra]) -> None: ...


class Ticket:
    """One item in the queue. `wait` returns once its transaction is on disk, or raises what stopped it."""

    __slots__ = ("_gate", "error", "item", "recorder")

    def __init__(self, recorder: Recorder[object], item: object) -> None:
        self.recorder = recorder
        self.item = item
        self.error: BaseException | None = None
        self._gate = threading.Lock()  # cheaper than an Event: one acquire waits, one release wakes
        self._gate.acquire()

    def wait(self, timeout_s: float) -> bool:
        """False when the time is up first: the item may or may not be written later."""
        if not self._gate.acquire(timeout=max(timeout_s, 0)):
            return False
        self._gate.release()
        if self.error is not None:
            raise self.error
        return True

    def finish(self, error: BaseException | None = None) -> None:
        self.error = error
        self._gate.release()


class Writer:
    """Batches form by themselves while the previous commit runs; nothing waits for company."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: SimpleQueue[Ticket] = SimpleQueue()
        self._start_lock = threading.Lock()
        self._connection: Connection | None = None  # the thread's own, kept from commit to commit
        self._pid = 0

    def submit(self, recorder: Recorder[object], item: object) -> Ticket:
        """Queues an item. The thread starts with the first one, in the process that serves (never before a fork)."""
        if self._pid != os.getpid():
            self._start()
        ticket = Ticket(recorder, item)
        self._queue.put(ticket)
        return ticket

    def _start(self) -> None:
        with self._start_lock:
            if self._pid == os.getpid():
                return
            self._queue = SimpleQueue()
            threading.Thread(target=self._run, name="writer", daemon=True).start()
            self._pid = os.getpid()

    def _run(self) -> None:
        queue = self._queue
        while True:
            batch = [queue.get()]
            while len(batch) < MAX_BATCH:
                try:
                    batch.append(queue.get_nowait())
                except Empty:
                    break
            self._commit(batch)

    def _commit(self, batch: list[Ticket]) -> None:
        try:
            self._write(batch)
        except OperationalError as error:  # busy, gone or full: nobody's fault in the batch; the client tries again
            log.warning("group commit failed: %s", type(error.orig).__name__)
            _finish(batch, error)
        except Exception as error:
            if len(batch) == 1:
                level = logging.WARNING if isinstance(error, DBAPIError) else logging.ERROR
                log.log(level, "an item could not be written", exc_info=error)
                _finish(batch, error)
            else:  # one bad item must not take the others with it
                for ticket in batch:
                    self._commit([ticket])
        else:
            _finish(batch, None)

    def _write(self, batch: list[Ticket]) -> None:
        groups: dict[int, tuple[Recorder[object], list[object]]] = {}
        for ticket in batch:
            groups.setdefault(id(ticket.recorder), (ticket.recorder, []))[1].append(ticket.item)
        connection = self._connection = self._connection or connect_to_write(self._engine)
        try:
            with transaction(connection):
                for recorder, items in groups.values():
                    recorder.record(connection, items)
                faults.point("before_commit")
            faults.point("after_commit")
        except BaseException:
            self._connection = None
            with suppress(SQLAlchemyError):
                connection.close()
            raise


def _finish(batch: Iterable[Ticket], error: BaseException | None) -> None:
    for ticket in batch:
        ticket.finish(error)
