"""Requests of one web process that wait for the verdict on their first attempt."""

from __future__ import annotations

import json
import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Sequence
from uuid import UUID

from redis import Redis
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock
from app.core.queue import ALWAYS_AWAY_ERRORS, CONFIG, connect
from app.outbound.verdicts import Ref, Verdict, channel, find_verdicts

log = logging.getLogger(__name__)
SWEEP_S = 1.0
SWEEP_AWAY_S = 0.025  # the database is asked once for all waiters, so this stays cheap
SWEEP_PART = 200


class Waiter:
    """One request that waits. Several may wait for the same reference."""

    __slots__ = ("_gate", "account_id", "ref_id", "since", "verdict")

    def __init__(self, account_id: UUID, ref_id: UUID) -> None:
        self.account_id = account_id
        self.ref_id = ref_id
        self.since = clock.monotonic()
        self.verdict: Verdict | None = None
        self._gate = threading.Lock()
        self._gate.acquire()

    def wait(self, timeout_s: float) -> Verdict | None:
        """The verdict, or None when the time is up or the process stops."""
        if self._gate.acquire(timeout=max(timeout_s, 0)):
            self._gate.release()
        return self.verdict

    def wake(self, verdict: Verdict | None) -> None:
        self.verdict = verdict
        if self._gate.locked():
            self._gate.release()


class WaitingRoom:
    """The waiters of one web process: one subscriber wakes them, one sweeper asks the database for those that the
    channel forgot. Threads start with the first request, in the process that serves."""

    def __init__(self, url: str, engine: Engine, config_moved: Callable[[], None] = lambda: None) -> None:
        self._url = url
        self._config_moved = config_moved
        self._engine = engine
        self._lock = threading.Lock()
        self._waiters: dict[UUID, list[Waiter]] = {}
        self._pid = 0
        self._away = True
        self._stopping = False
        self._some = threading.Event()
        self.process = ""

    def __len__(self) -> int:
        return len(self._waiters)

    def open(self) -> None:
        """Starts listening, once in the process that serves: for verdicts, and for word of a changed configuration."""
        if self._pid != os.getpid():
            self._start()

    def enter(self, account_id: UUID, ref_id: UUID) -> Waiter:
        """Registers a request, before its row can enter the writer's queue."""
        self.open()
        waiter = Waiter(account_id, ref_id)
        with self._lock:
            self._waiters.setdefault(ref_id, []).append(waiter)
            if self._stopping:
                waiter.wake(None)
        self._some.set()
        return waiter

    def leave(self, waiter: Waiter) -> None:
        with self._lock:
            waiters = self._waiters.get(waiter.ref_id, [])
            if waiter in waiters:
                waiters.remove(waiter)
            if not waiters:
                self._waiters.pop(waiter.ref_id, None)

    def stop(self) -> None:
        """Wakes everybody without a verdict, now and from now on: the process ends."""
        with self._lock:
            self._stopping = True
            for waiters in self._waiters.values():
                for waiter in waiters:
                    waiter.wake(None)

    def _start(self) -> None:
        with self._lock:
            if self._pid == os.getpid():
                return
            self.process = f"{socket.gethostname()[:24]}-{os.getpid()}-{secrets.token_hex(4)}"
            ready = threading.Event()
            threading.Thread(target=self._listen, args=(ready,), name="verdict-listener", daemon=True).start()
            threading.Thread(target=self._sweep_for_ever, name="verdict-sweeper", daemon=True).start()
            self._pid = os.getpid()
        ready.wait(0.5)  # subscribed before the first request's row exists, if Valkey is there at all

    def _listen(self, ready: threading.Event) -> None:
        while not self._stopping:
            try:
                self._hear(connect(self._url, timeout_s=2.0), ready)
            except (*ALWAYS_AWAY_ERRORS, ValueError, TypeError, AttributeError) as error:  # away, or told nonsense
                self._away = True
                ready.set()
                log.info("verdicts are looked up in the database for now: %s", type(error).__name__)
                threading.Event().wait(0.5)

    def _hear(self, client: Redis, ready: threading.Event) -> None:
        with client.pubsub() as pubsub:  # type: ignore[no-untyped-call]
            pubsub.subscribe(channel(self.process), CONFIG)
            while not self._stopping:
                message = pubsub.get_message(timeout=1.0)
                if message is None:
                    pubsub.ping()  # a connection that went silent is found out
                elif message["type"] == "subscribe":
                    self._config_moved()  # what was told while nobody listened is lost
                    self._away = False
                    ready.set()
                elif message["type"] == "message" and message["channel"] == CONFIG.encode():
                    self._config_moved()
                elif message["type"] == "message":
                    for hex_id, verdict in json.loads(message["data"]).items():
                        self._wake(UUID(hex_id), Verdict(**verdict))

    def _wake(self, ref_id: UUID, verdict: Verdict) -> None:
        with self._lock:
            waiters = self._waiters.pop(ref_id, ())
        for waiter in waiters:
            waiter.wake(verdict)

    def _sweep_for_ever(self) -> None:
        while not self._stopping:
            if not self._some.wait(SWEEP_S):
                continue
            threading.Event().wait(SWEEP_AWAY_S if self._away else SWEEP_S)
            with self._lock:
                if not self._waiters:
                    self._some.clear()
                oldest = clock.monotonic() - (0 if self._away else SWEEP_S)
                first = [waiters[0] for waiters in self._waiters.values() if waiters[0].since <= oldest]
                asked = [(waiter.account_id, waiter.ref_id) for waiter in first]
            try:
                self.sweep(asked)
            except SQLAlchemyError as error:
                log.info("verdicts could not be looked up: %s", type(error).__name__)

    def sweep(self, refs: Sequence[Ref]) -> None:
        """Asks the database for the first verdicts of these references and wakes whom it concerns."""
        for start in range(0, len(refs), SWEEP_PART):
            with self._engine.connect() as connection:
                found = find_verdicts(connection, refs[start : start + SWEEP_PART])
            for ref_id, verdict in found.items():
                self._wake(ref_id, verdict)
