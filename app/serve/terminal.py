"""One terminal shared by all processes: whole lines, each with the name of who wrote it."""

from __future__ import annotations

import sys
import threading

WIDTH = 10
_lock = threading.Lock()


def say(line: str) -> None:
    """A line of the supervisor's own, without a name before it."""
    _write(line)


def echo(name: str, line: str) -> None:
    """A line that the child `name` wrote."""
    _write(f"{name:<{WIDTH}} | {line}")


def _write(line: str) -> None:
    try:
        with _lock:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    except (OSError, ValueError):
        pass  # the terminal is gone; that must not end the product
