"""What the figures were measured on: cores, Python, database, and how long its disk takes to sync."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

SYNCS = 200
PAGE = b"\0" * 4096


@dataclass(frozen=True, slots=True)
class Machine:
    cores: int
    python: str
    database: str
    fdatasync_p50_ms: float
    load: float  # processes that wanted a core in the last minute, before we began

    @classmethod
    def look(cls, folder: Path, database_url: str) -> Machine:
        version = f"{platform.python_implementation()} {platform.python_version()}"
        return cls(len(CORES), version, make_url(database_url).drivername, fdatasync_ms(folder), os.getloadavg()[0])

    @property
    def is_shared(self) -> bool:
        """Whether others use the cores too: then processor time says more than a rate."""
        return self.load > self.cores / 4

    def __str__(self) -> str:
        judged = "shared, so judged by processor time" if self.is_shared else "quiet, so judged by the rate"
        return (
            f"machine: {self.cores} cores · {self.python} · {self.database} · fdatasync p50 "
            f"{self.fdatasync_p50_ms:.3f} ms · load {self.load:.1f} ({judged})"
        )

    def told(self) -> dict[str, Any]:
        return asdict(self) | {"is_shared": self.is_shared}


def _cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


CORES = _cores()  # before this process pins itself to one of them


class Others:
    """How much of the machine the rest of it used between the making of this and `share`."""

    def __init__(self) -> None:
        self._began = time.monotonic(), _busy_s(), _own_s()

    @property
    def share(self) -> float | None:
        """0 to 1; None where the system does not tell."""
        at, busy_s, own_s = self._began
        now_busy_s = _busy_s()
        if busy_s is None or now_busy_s is None:
            return None
        available_s = (time.monotonic() - at) * (os.cpu_count() or 1)
        return max(0.0, now_busy_s - busy_s - (_own_s() - own_s)) / available_s


def _busy_s() -> float | None:
    """Processor time that everything on this machine has used."""
    try:
        user, nice, system, _idle, _iowait, irq, softirq = Path("/proc/stat").read_text().split()[1:8]
    except OSError:
        return None
    return sum(map(int, (user, nice, system, irq, softirq))) / os.sysconf("SC_CLK_TCK")


def _own_s() -> float:
    """Of this process and every child that has ended."""
    times = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in times)


def fdatasync_ms(folder: Path) -> float:
    """The median of some syncs of a page appended to a file in this folder."""
    sync = getattr(os, "fdatasync", os.fsync)
    path = folder / "fdatasync.probe"
    took = []
    with path.open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            file.write(PAGE)
            started = time.perf_counter()
            sync(file.fileno())
            took.append(time.perf_counter() - started)
    path.unlink()
    return statistics.median(took) * 1000
