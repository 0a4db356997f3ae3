"""Ends a child with its parent, however that died. Also a launcher: `lifeline.py exec|guard <parent> <command…>`."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType

PR_SET_PDEATHSIG = 1  # linux/prctl.h; the setting survives exec, is cleared by fork
LOOK_EVERY_S = 0.5
CANNOT_RUN = 127  # what shells answer when a command is absent


def die_with_parent(parent: int | None = None) -> None:
    """From now on this process gets SIGKILL when process `parent` (default: the present parent) is gone.

    To be called from the main thread, first thing after a fork: on Linux the kernel watches the *thread* that forked.
    SIGKILL, because a graceful stop could hang and hold the port that the next start needs; nothing is lost by it.
    """
    parent = os.getppid() if parent is None else parent
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os.kill(os.getpid(), signal.SIGKILL)
    else:
        watch_parent(parent)


def watch_parent(parent: int) -> None:
    """The same where the kernel offers nothing: a thread looks at the parent's id twice a second."""
    threading.Thread(target=_die_after, args=(parent,), name="lifeline", daemon=True).start()


def _die_after(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY_S)
    os.kill(os.getpid(), signal.SIGKILL)


def launch_command(command: tuple[str, ...]) -> list[str]:
    """`command` wrapped so that it ends with the calling process; also for binaries that are not Python."""
    mode = "exec" if sys.platform == "linux" else "guard"
    return [sys.executable, "-I", "-S", os.path.abspath(__file__), mode, str(os.getpid()), *command]


def become(parent: int, command: list[str]) -> int:
    """Replaces this process by the command, which keeps the promise made to the kernel."""
    die_with_parent(parent)
    os.execvp(command[0], command)  # noqa: S606  the command comes from our own list of processes


def guard(parent: int, command: list[str]) -> int:
    """Runs the command as a child of this process, passes signals on and kills it when the parent is gone."""
    child = subprocess.Popen(command)  # noqa: S603

    def pass_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    while True:
        try:
            code = child.wait(LOOK_EVERY_S)
            return code if code >= 0 else 128 - code
        except subprocess.TimeoutExpired:
            if os.getppid() != parent:
                child.kill()


def main(arguments: list[str]) -> int:
    mode, parent, *command = arguments
    try:
        return (become if mode == "exec" else guard)(int(parent), command)
    except OSError as error:
        print(f"{command[0]} cannot be run: {error.strerror}", file=sys.stderr)
        return CANNOT_RUN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
