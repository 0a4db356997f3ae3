"""Group commit for requests of the event loop: on the loop itself while that is quick, else by the writer's thread."""

from __future__ import annotations

import asyncio
import threading
from collections import deque

from app.core import clock
from app.core.steps import Write
from app.core.write_lock import LockTaken
from app.core.writer import MAX_BATCH, Handed, Pen, Recorder, Writer

LINGER_S = 0.002  # for those who are expected; a commit costs as much as ten of its opens
SLOW_S = 0.1  # a commit that took longer says that the disk is slow just now,
REST_S, LONGEST_REST_S = 1.0, 60.0  # and for so long, twice as long each time, the loop leaves commits to the thread


class LoopTicket:
    """One item that a coroutine waits for."""

    __slots__ = ("future", "item", "recorder", "timeout_s", "timer", "writer")

    def __init__(self, writer: LoopWriter, wait: Write, future: asyncio.Future[bool]) -> None:
        self.writer = writer
        self.recorder: Recorder[object] = wait.recorder
        self.item = wait.item
        self.timeout_s = wait.timeout_s
        self.future = future
        self.timer: asyncio.TimerHandle | None = None

    def finish(self, error: BaseException | None = None) -> None:
        """Called in the loop's thread or in the writer's."""
        self.writer.finish(self, error)

    def end(self, error: BaseException | None) -> None:
        """In the loop's thread."""
        if self.timer is not None:
            self.timer.cancel()
        if self.future.done():
            return
        if error is None:
            self.future.set_result(True)
        else:
            self.future.set_exception(error)

    def give_up(self) -> None:
        if not self.future.done():
            self.future.set_result(False)


class LoopWriter:
    """What is handed in together is committed together, and no thread is woken for any of it. When several came
    together lately, the first one waits for as many, LINGER_S at most; a single one waits for nobody. Committing on the
    loop needs SQLite (PostgreSQL is a network away), its lock free and its disk quick; otherwise the writer's thread
    does it, and the loop goes on with other things."""

    def __init__(self, writer: Writer, loop: asyncio.AbstractEventLoop) -> None:
        self._writer = writer
        self._loop = loop
        self._thread = threading.get_ident()
        self._pen = Pen(writer.engine, is_patient=False) if writer.engine.dialect.name == "sqlite" else None
        self._tickets: list[LoopTicket] = []
        self._ended: deque[tuple[LoopTicket, BaseException | None]] = deque()
        self._rests_until = 0.0
        self._rest_s = REST_S
        self._timer: asyncio.TimerHandle | None = None
        self._expected = 1  # as many as lately came together

    def commit(self, wait: Write) -> asyncio.Future[bool]:
        """What `Write` says."""
        ticket = LoopTicket(self, wait, self._loop.create_future())
        self._tickets.append(ticket)
        if len(self._tickets) == self._expected:
            if self._timer is not None:
                self._timer.cancel()
            self._loop.call_soon(self._flush)  # with those who come in this very turn
        elif len(self._tickets) == 1:
            self._timer = self._loop.call_later(LINGER_S, self._flush)
        return ticket.future

    def finish(self, ticket: LoopTicket, error: BaseException | None) -> None:
        if threading.get_ident() == self._thread:
            ticket.end(error)
            return
        self._ended.append((ticket, error))
        if len(self._ended) == 1:  # one call of the loop for a whole batch
            self._loop.call_soon_threadsafe(self._end_all)

    def _end_all(self) -> None:
        while self._ended:
            ticket, error = self._ended[0]
            ticket.end(error)
            self._ended.popleft()

    def _flush(self) -> None:
        tickets, self._tickets, self._timer = self._tickets, [], None
        self._expected = max(1, len(tickets), self._expected * 7 // 8)
        for start in range(0, len(tickets), MAX_BATCH):
            self._hand_over(self._commit_here(tickets[start : start + MAX_BATCH]))

    def _commit_here(self, tickets: list[LoopTicket]) -> list[Handed]:
        """What is left for the thread."""
        started = clock.monotonic()
        if self._pen is None or started < self._rests_until or not self._writer.is_idle:
            return [*tickets]
        try:
            self._pen.commit(tickets)
        except LockTaken:
            return [*tickets]
        if clock.monotonic() - started > SLOW_S:
            self._rests_until = clock.monotonic() + self._rest_s
            self._rest_s = min(self._rest_s * 2, LONGEST_REST_S)
        else:
            self._rest_s = REST_S
        return []

    def _hand_over(self, tickets: list[Handed]) -> None:
        for ticket in tickets:
            assert isinstance(ticket, LoopTicket)
            ticket.timer = self._loop.call_later(max(ticket.timeout_s, 0), ticket.give_up)
            self._writer.hand_over(ticket)
