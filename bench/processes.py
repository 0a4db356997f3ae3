"""Servers and workers under measurement: each in a session of its own, on one core, with its processor time."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.machine import CORES

ROOT = Path(__file__).parent.parent
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
STARTS_WITHIN_S = 30.0
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR")


class DidNotStart(Exception):
    """A process that was to be measured."""


@dataclass(frozen=True, slots=True)
class Memory:
    """In MB. `rss` counts what processes share once for each of them, `pss` once."""

    rss: float
    pss: float


class Process:
    """A child and all it starts. `side` 0 is measured, 1 loads it; with one core both share that. None: on any core."""

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None, side: int | None = 0
    ) -> None:
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        path = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        self._log = (folder / f"{Path(command[-1]).stem}-{time.monotonic_ns()}.out").open("wb")
        self._process = subprocess.Popen(
            command, cwd=folder, env={**kept, **path, **(environment or {})}, start_new_session=True,
            stdout=self._log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        pin(self._process.pid, side)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def cpu_s(self) -> float:
        """User and system time of the session so far, children that are gone included; 0 where /proc is missing."""
        return sum(_times_of_session(self.pid))

    def memory(self) -> Memory:
        """Of the session just now; zeros where the system does not tell."""
        return _memory_of_session(self.pid)

    def said(self) -> str:
        return Path(self._log.name).read_text("utf-8", "replace")[-2000:]

    def stop(self) -> None:
        """Asks to stop, insists after a while, and leaves nothing of the session behind."""
        if not self.ended:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._log.close()


@contextlib.contextmanager
def running(process: Process) -> Iterator[Process]:
    try:
        yield process
    finally:
        process.stop()


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def pin(pid: int, side: int | None) -> None:
    """Side 0 gets the first core, side 1 the last, None all of them; nothing where the system knows no affinity."""
    if hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(pid, set(CORES) if side is None else {CORES[0] if side == 0 else CORES[-1]})


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(process: Process, port: int) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline and not process.ended:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise DidNotStart(process.said())


def _times_of_session(session: int) -> Iterator[float]:
    for _pid, fields in _session(session):
        yield sum(map(int, fields[11:15])) * TICK_S  # utime, stime, and those of its dead children


def _memory_of_session(session: int) -> Memory:
    rss_kb = pss_kb = 0
    for pid, _fields in _session(session):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            told = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines[1:])}
            rss_kb, pss_kb = rss_kb + told.get("Rss", 0), pss_kb + told.get("Pss", 0)
    return Memory(rss_kb / 1024, pss_kb / 1024)


def _session(session: int) -> Iterator[tuple[str, list[str]]]:
    """Each of its processes: the id, and the fields of its stat behind the name."""
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended between the listing and the reading
        if int(fields[3]) == session:
            yield entry.parent.name, fields
