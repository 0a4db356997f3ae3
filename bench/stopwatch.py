"""How long a request takes in this process, and how much of that is SQL."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from sqlalchemy import Engine, event

from bench.goals import median


@dataclass(slots=True)
class Stopwatch:
    """Time in SQLite since the last `take_ms`."""

    spent_s: float = 0.0

    def take_ms(self) -> float:
        spent, self.spent_s = self.spent_s, 0.0
        return spent * 1000

    def watch(self, engine: Engine) -> None:
        """Every new connection of the engine. SQLite does most of the work of a query while its rows are fetched, so
        that the time between SQLAlchemy's own events of a cursor would leave it out."""
        watch = self
        engine.dispose()

        class Cursor(sqlite3.Cursor):
            execute = _timed(watch, sqlite3.Cursor.execute)
            executemany = _timed(watch, sqlite3.Cursor.executemany)
            fetchone = _timed(watch, sqlite3.Cursor.fetchone)
            fetchmany = _timed(watch, sqlite3.Cursor.fetchmany)
            fetchall = _timed(watch, sqlite3.Cursor.fetchall)

        class Connection(sqlite3.Connection):
            def cursor(self, factory: Any = Cursor) -> Any:
                return super().cursor(factory)

        @event.listens_for(engine, "do_connect")
        def connecting(_dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> None:
            parameters["factory"] = Connection


def _timed(watch: Stopwatch, method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def timed(*arguments: Any, **options: Any) -> Any:
        started = time.perf_counter()
        try:
            return method(*arguments, **options)
        finally:
            watch.spent_s += time.perf_counter() - started

    return timed


@dataclass(slots=True)
class Times:
    """One page's, in milliseconds of processor time of this thread, of the clock, and of SQL."""

    cpu_ms: list[float] = field(default_factory=list)
    clock_ms: list[float] = field(default_factory=list)
    sql_ms: list[float] = field(default_factory=list)

    def measure(self, watch: Stopwatch, ask: Callable[[], None]) -> None:
        watch.take_ms()
        cpu, clock = time.thread_time(), time.perf_counter()
        ask()
        self.cpu_ms.append((time.thread_time() - cpu) * 1000)
        self.clock_ms.append((time.perf_counter() - clock) * 1000)
        self.sql_ms.append(watch.take_ms())

    def __str__(self) -> str:
        return f"{median(self.clock_ms):.1f} ms, {median(self.sql_ms):.1f} ms of it SQL"
