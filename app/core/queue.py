"""The doorbell: Valkey clients that never hold anybody up, and the bell that wakes the drains."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import suppress
from functools import lru_cache
from typing import Any, cast

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from app.core import faults
from app.core.sentinel import parse_sentinel

log = logging.getLogger(__name__)
BELL = "bell:deliver"
CONFIG = "config"  # the channel on which a change of clients or pixels is told to every process
BELL_LENGTH = 64  # a rung bell is a hint; more tokens than drains are of no use
TIMEOUT_S = 0.3
MAX_CONNECTIONS = 4096  # more than a process has threads: redis-py's own 100 would look like an absence of Valkey
COALESCE_S = 0.004
ALWAYS_AWAY_ERRORS = (RedisError, OSError)


def connect(url: str, *, timeout_s: float = TIMEOUT_S) -> Redis:
    """A best-effort client: short timeouts and no retries, since redis-py's own ten retries cost 3 s a call while
    Valkey is away."""
    options: dict[str, Any] = {
        "max_connections": MAX_CONNECTIONS,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": TIMEOUT_S,
        "retry": Retry(NoBackoff(), 0),
    }
    if url.startswith("redis+sentinel://"):
        place = parse_sentinel(url)
        sentinel = Sentinel(  # type: ignore[no-untyped-call]
            place.hosts, sentinel_kwargs={**options, "password": place.password}, **options
        )
        master = sentinel.master_for(place.master, db=place.db, password=place.password)  # type: ignore[no-untyped-call]
        return cast(Redis, master)
    return Redis.from_url(url, **options)


class Ringer:
    """Rings from a thread of its own, 4 ms after the first commit of a burst, so that no writer waits for Valkey."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._wanted = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._due = False
        self._config_moved = False
        self._pid = 0

    def ring(self) -> None:
        """Asks for a bell; returns at once."""
        self._due = True
        self._wake()

    def tell_config(self) -> None:
        """Asks for word of a changed configuration; returns at once."""
        self._config_moved = True
        self._wake()

    def _wake(self) -> None:
        if self._pid != os.getpid() or self._thread is None:
            self._start()
        self._wanted.set()

    def _start(self) -> None:
        with self._lock:
            if self._pid == os.getpid():
                return
            self._pid = os.getpid()
            self._wanted = threading.Event()
            self._thread = threading.Thread(target=self._run, name="ringer", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        client = connect(self._url)
        while True:
            self._wanted.wait()
            threading.Event().wait(COALESCE_S)
            self._wanted.clear()
            if self._due:
                self._due = False
                faults.point("before_bell")
                push_bell(client)
            if self._config_moved:
                self._config_moved = False
                with suppress(*ALWAYS_AWAY_ERRORS):
                    client.publish(CONFIG, 1)


def push_bell(client: Redis) -> bool:
    """Rings now; False when Valkey is away, which costs nothing but time: drains look by themselves."""
    try:
        with client.pipeline(transaction=False) as pipe:
            pipe.lpush(BELL, 1)
            pipe.ltrim(BELL, 0, BELL_LENGTH - 1)
            pipe.execute()
    except ALWAYS_AWAY_ERRORS:
        return False
    return True


@lru_cache(maxsize=8)
def ringer(url: str) -> Ringer:
    return Ringer(url)


_current: Ringer | None = None


def use(url: str) -> None:
    """Makes `ring()` ring there. Called by create_app."""
    global _current
    _current = ringer(url)


def ring() -> None:
    """The doorbell after a commit: a hint that something is due."""
    if _current is not None:
        _current.ring()


def tell_config() -> None:
    """After a commit that changed a client or pixel: a hint to every process to look again."""
    if _current is not None:
        _current.tell_config()
