"""Group commit: what requests hand in is written many at a time, in one transaction, and they are woken after it."""

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
from app.core.db import connect_to_write, refuse_to_wait, transaction
from app.core.write_lock import LockTaken

log = logging.getLogger(__name__)
MAX_BATCH = 250  # events with keys, deliveries and rollups that still commit well under 20 ms
Item_contra = TypeVar("Item_contra", contravariant=True)


class Recorder(Protocol[Item_contra]):
    """Writes its items on the writer's connection and leaves each one's result on the item itself."""

    def record(self, connection: Connection, items: Sequence[Item_contra]) -> None: ...


class Handed(Protocol):
    """One item that is to be written, and who is told when it is."""

    recorder: Recorder[object]
    item: object

    def finish(self, error: BaseException | None = None) -> None: ...


class Ticket:
    """One item that a thread waits for. `wait` returns once its transaction is on disk, or raises what stopped it."""

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


class Pen:
    """The connection with which one thread commits batches. An impatient one waits for no other writer."""

    def __init__(self, engine: Engine, *, is_patient: bool = True) -> None:
        self._engine = engine
        self._is_patient = is_patient
        self._connection: Connection | None = None  # kept from commit to commit

    def commit(self, batch: Sequence[Handed]) -> None:
        """Writes the batch and tells everybody how it ended. An impatient pen raises LockTaken, and has told nobody,
        when somebody else writes just now, or when something in the batch is wrong."""
        try:
            self._write(batch)
        except OperationalError as error:  # busy, gone or full: nobody's fault in the batch; the client tries again
            log.warning("group commit failed: %s", type(error.orig).__name__)
            _finish(batch, error)
        except LockTaken:
            raise
        except Exception as error:
            if len(batch) > 1 and not self._is_patient:
                raise LockTaken from None  # one by one they would take their time: who waits may do that
            if len(batch) == 1:
                level = logging.WARNING if isinstance(error, DBAPIError) else logging.ERROR
                log.log(level, "an item could not be written", exc_info=error)
                _finish(batch, error)
            else:  # one bad item must not take the others with it
                self._commit_one_by_one(batch)
        else:
            _finish(batch, None)

    def _commit_one_by_one(self, batch: Sequence[Handed]) -> None:
        for each in batch:
            self.commit([each])

    def _write(self, batch: Sequence[Handed]) -> None:
        groups: dict[int, tuple[Recorder[object], list[object]]] = {}
        for each in batch:
            groups.setdefault(id(each.recorder), (each.recorder, []))[1].append(each.item)
        in_order = sorted(groups.values(), key=_name)  # or two processes could each wait for a row of the other's
        connection = self._connection = self._connection or self._connect()
        try:
            with transaction(connection, waits=self._is_patient):
                for recorder, items in in_order:
                    recorder.record(connection, items)
                faults.point("before_commit")
            faults.point("after_commit")
        except LockTaken:
            raise
        except BaseException:
            self._connection = None
            with suppress(SQLAlchemyError):
                if not self._is_patient:
                    connection.invalidate()
                connection.close()
            raise

    def _connect(self) -> Connection:
        connection = connect_to_write(self._engine)
        if not self._is_patient:
            refuse_to_wait(connection)
        return connection


def _name(group: tuple[Recorder[object], list[object]]) -> str:
    return type(group[0]).__qualname__


class Writer:
    """One thread of a process. Batches form by themselves while the previous commit runs; nothing waits for company."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._queue: SimpleQueue[Handed] = SimpleQueue()
        self._start_lock = threading.Lock()
        self._pen = Pen(engine)
        self._pid = 0

    def submit(self, recorder: Recorder[object], item: object) -> Ticket:
        """Queues an item for somebody who waits in a thread."""
        ticket = Ticket(recorder, item)
        self.hand_over(ticket)
        return ticket

    def hand_over(self, ticket: Handed) -> None:
        """Queues it. The thread starts with the first one, in the process that serves (never before a fork)."""
        if self._pid != os.getpid():
            self._start()
        self._queue.put(ticket)

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits in the queue; a hint."""
        return self._queue.empty()

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
            self._pen.commit(batch)


def _finish(batch: Iterable[Handed], error: BaseException | None) -> None:
    for each in batch:
        each.finish(error)
