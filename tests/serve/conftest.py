"""Starts the supervisor as a process of its own, on a free port and a fresh data folder, and reads what it prints."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.core.settings import Settings

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PATIENCE_S = 60  # three more products may be starting
STANDIN = str(HERE / "standin.py")
WEB = ["web", "WEB", 2.1, STANDIN, "obey", "web"]
GRANIAN = ["web", "WEB", 2.1, "-m", "tests.serve.tiny"]


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """True for a process that lives; a dead one that nobody has waited for yet counts as ended."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


def descendants(pid: int) -> list[int]:
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in table.splitlines()]
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        children = [child for child, its_parent in pairs if its_parent == parent]
        found += children
        waiting += children
    return found


class Started:
    """A running supervisor: what it printed, and ways to end it."""

    def __init__(self, arguments: list[str], environ: dict[str, str]) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=environ, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.lines.append(line.rstrip())

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, words: str, times: int = 1) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while self.text.count(words) < times:
            assert time.monotonic() < deadline, f"never said {words!r}:\n{self.text}"
            time.sleep(0.02)

    def signal(self, number: int) -> None:
        self.popen.send_signal(number)

    def end(self) -> int:
        """Waits for the end and returns the exit code; `lines` is then complete."""
        code = self.popen.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return code

    def stop(self) -> tuple[int, float]:
        """SIGTERM: the exit code and the seconds it took."""
        asked_at = time.monotonic()
        self.signal(signal.SIGTERM)
        return self.end(), time.monotonic() - asked_at


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder whose path is short enough for a socket on every system."""
    with tempfile.TemporaryDirectory(prefix="kt-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def environ(folder: Path, port: int) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "KALITRACK_DATA_DIR": str(folder / "here"), "HOST": "127.0.0.1", "PORT": str(port)}


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    return Settings.load(environ)


@pytest.fixture
def start(environ: dict[str, str]) -> Iterator[Callable[..., Started]]:
    """`start(role, …, NAME=value)`; a role is `[name, stage, grace_s, argument of python, …]`."""
    started: list[Started] = []

    def start_now(*roles: list[object], **variables: str) -> Started:
        supervisor = Started(["-m", "tests.serve.stand", json.dumps(roles)], {**environ, **variables})
        started.append(supervisor)
        return supervisor

    yield start_now
    for supervisor in started:
        left = descendants(supervisor.popen.pid)
        supervisor.popen.kill()
        supervisor.end()
        wait_until(lambda left=left: not any(map(is_running, left)))
