"""One server among those that take turns under load, and the check that it stored what it answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.goals import Bench, check, median
from bench.load import CONNECTIONS, Answered, Shot, fire
from bench.processes import Process, free_port, python, running, wait_for_port


@dataclass(slots=True)
class Side:
    """One server under load: what it took in each round. `may_fail`: a reference whose design refuses some requests
    under load (a locked database); they are counted and not taken for answers."""

    shot: Shot
    processes: tuple[Process, ...]
    rows: Callable[[], int] | None  # None: it keeps none
    connections: int = CONNECTIONS
    may_fail: bool = False
    rates: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)

    def take(self, bench: Bench) -> Answered:
        """One slice of load, checked against what is stored afterwards."""
        before, cpu = self.rows() if self.rows else 0, self._cpu_s()
        load = fire(self.shot, bench.scale.seconds, bench.scale.requests, self.connections)
        if not load.answered:  # a naive view on a slow disk: nobody shall say that it was not given time
            load = fire(self.shot, bench.scale.seconds * 5, bench.scale.requests, self.connections)
        failed = load.refused + load.lost
        check(load.answered > 0, "nothing was answered")
        check(self.may_fail or not failed, f"refused {load.refused}, lost {load.lost}")
        if self.rows is not None:
            _settle(self.rows, before, load, slack=load.in_flight if self.may_fail else 0)
        self.rates.append(load.per_s)
        self.cpu_us.append((self._cpu_s() - cpu) / load.answered * 1e6)
        self.p99_ms.append(load.p99_ms)
        self.failed.append(failed)
        return load

    def forget(self) -> None:
        """What was measured so far was a trial."""
        for figures in (self.rates, self.cpu_us, self.p99_ms, self.failed):
            figures.clear()

    def _cpu_s(self) -> float:
        return sum(process.cpu_s() for process in self.processes)

    def __str__(self) -> str:
        return f"{median(self.rates):,.0f}/s {median(self.cpu_us):,.0f} µs"


def _settle(rows: Callable[[], int], before: int, load: Answered, slack: int) -> None:
    """Rows stored equal requests answered, but for those that the load left in the air when it ended, or gave up.
    `slack`: requests of the slice before that waited for a lock until this one."""
    deadline = time.monotonic() + 8
    stored = rows() - before
    while time.monotonic() < deadline:
        time.sleep(0.1)
        now = rows() - before
        if now == stored and now >= load.answered:
            break
        stored = now
    stored = rows() - before
    check(
        load.answered <= stored <= load.answered + load.in_flight + load.refused + load.lost + slack,
        f"{load.answered} requests were answered and {stored} rows stored",
    )


@contextmanager
def served(
    target: str, folder: Path, environment: Mapping[str, str], threads: int | None = None
) -> Iterator[tuple[Process, int]]:
    """A reference on granian, ready, and its port. `threads` None: as many as that server takes by default."""
    port = free_port()
    command = python("-m", "bench.references.server", target, str(port), *([] if threads is None else [str(threads)]))
    with running(Process(command, folder, environment)) as process:
        wait_for_port(process, port)
        yield process, port
