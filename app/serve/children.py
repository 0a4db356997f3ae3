"""One process kept alive: started, listened to, waited for with growing pauses, stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from app.core import lifeline
from app.serve.roles import Role
from app.serve.terminal import echo

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
STEADY_AFTER_S = 60.0  # a life this long forgets the falls before it
LINE_LIMIT = 64 * 1024


class Running(Protocol):
    """What a started and an adopted process have in common."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...


class Adopted:
    """A process that somebody else started; its exit code cannot be known and counts as 0."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        try:
            os.kill(self.pid, 0)
        except OSError:
            return 0
        return 0 if self._is_zombie() else None

    def _is_zombie(self) -> bool:
        """In a container the first process may never take leave of the dead."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0] == "Z"
        except (OSError, IndexError):
            return False  # not Linux, where launchd does, or gone between the two looks


class Child:
    """A role and, most of the time, its running process. All methods belong to the supervisor's main thread: on Linux
    a child ends with the *thread* that started it."""

    def __init__(self, role: Role) -> None:
        self.role = role
        self.running: Running | None = None
        self.due_at = 0.0
        self.started_at = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._reader: threading.Thread | None = None

    def start(self) -> None:
        """Own session: a Ctrl-C in the terminal reaches the supervisor alone, which keeps the order of stopping."""
        started = subprocess.Popen(  # noqa: S603
            lifeline.launch_command(self.role.command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.running, self.started_at = started, time.monotonic()
        self._reader = threading.Thread(target=_pass_on, args=(self.role.name, started.stdout), daemon=True)
        self._reader.start()

    def adopt(self, pid: int) -> None:
        self.running, self.started_at = Adopted(pid), time.monotonic()

    def ended(self) -> int | None:
        """The exit code (negative: the signal) if the process has ended since the last look."""
        code = self.running.poll() if self.running else None
        if code is not None:
            self.running = None
        return code

    def plan_restart(self) -> float:
        """Seconds until the next start: 0.5 doubling to 30, from the beginning after a minute of life."""
        if time.monotonic() - self.started_at >= STEADY_AFTER_S:
            self._pause_s = FIRST_PAUSE_S
        pause_s, self._pause_s = self._pause_s, min(self._pause_s * 2, LONGEST_PAUSE_S)
        self.due_at = time.monotonic() + pause_s
        return pause_s

    def hear_out(self, at_most_s: float) -> None:
        """Waits until the last words of an ended process are printed."""
        if self._reader:
            self._reader.join(at_most_s)

    def terminate(self) -> None:
        if self.running:
            with suppress(ProcessLookupError):
                os.kill(self.running.pid, signal.SIGTERM)

    def kill(self) -> None:
        """The process and whatever it started in its session."""
        if self.running:
            with suppress(ProcessLookupError, PermissionError):
                kill = os.kill if isinstance(self.running, Adopted) else os.killpg
                kill(self.running.pid, signal.SIGKILL)


def ending(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def _pass_on(name: str, output: IO[bytes] | None) -> None:
    assert output is not None
    with output:
        while line := output.readline(LINE_LIMIT):
            echo(name, line.decode("utf-8", "replace").rstrip())
