"""How far a long command is, on one line of the terminal that changes, or on a few lines of a log."""

from __future__ import annotations

import sys

import click

from app.core import clock
from app.upkeep.backup.refusal import Refused

TERMINAL_EVERY_S, LOG_EVERY_S = 0.2, 10.0


class Shown:
    """Called with what is being done and its share between 0 and 1, from any thread. `stop` ends the work at the next
    call, by Refused."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._every_s = TERMINAL_EVERY_S if self._is_terminal else LOG_EVERY_S
        self._next_at = clock.monotonic() + self._every_s
        self._stopped = False

    def __call__(self, what: str, share: float) -> None:
        if self._stopped:
            raise Refused("Stopped; nothing is left behind.")
        if clock.monotonic() >= self._next_at:
            self._next_at = clock.monotonic() + self._every_s
            text = f"{what.capitalize()}: {share:.0%}"
            click.echo(f"\r{text:<24}" if self._is_terminal else text, nl=not self._is_terminal, err=True)

    def stop(self) -> None:
        self._stopped = True

    def end(self) -> None:
        if self._is_terminal:
            click.echo("\r" + " " * 24 + "\r", nl=False, err=True)
