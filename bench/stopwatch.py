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
    """Time in SQLite since the last `take_ms`, by the clock and of the processor."""

    clock_s: float = 0.0
    cpu_s: float = 0.0

    def take_ms(self) -> tuple[float, float]:
        spent = self.clock_s * 1000, self.cpu_s * 1000
        self.clock_s = self.cpu_s = 0.0
        return spent

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
        clock, cpu = time.perf_counter(), time.thread_time()
        try:
            return method(*arguments, **options)
        finally:
            watch.clock_s += time.perf_counter() - clock
            watch.cpu_s += time.thread_time() - cpu

    return timed


@dataclass(slots=True)
class Times:
    """One page's, in milliseconds by the clock and of the processor, and how much of each is SQL."""

    clock_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    sql_clock_ms: list[float] = field(default_factory=list)
    sql_cpu_ms: list[float] = field(default_factory=list)

    def measure(self, watch: Stopwatch, ask: Callable[[], None]) -> None:
        watch.take_ms()
        cpu, clock = time.thread_time(), time.perf_counter()
        ask()
        self.cpu_ms.append((time.thread_time() - cpu) * 1000)
        self.clock_ms.append((time.perf_counter() - clock) * 1000)
        sql_clock, sql_cpu = watch.take_ms()
        self.sql_clock_ms.append(sql_clock)
        self.sql_cpu_ms.append(sql_cpu)

    def __str__(self) -> str:
        return f"{median(self.clock_ms):.1f} ms, {median(self.sql_clock_ms):.1f} ms of it SQL"
