"""Keeps a list of children alive and stops them in order. Knows nothing of what they do."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterable
from types import FrameType, TracebackType
from typing import Self

from app.serve.children import Child, ending
from app.serve.terminal import say

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SAME_KEY_PRESS_S = 0.5  # a launcher may pass one Ctrl-C on twice
WRONG_SETTING = 2  # the exit code of a child that says its settings are wrong
LAST_WORDS_S = 0.05  # a child may have left its output open to a process of its own
LOOK_EVERY_S = 1.0  # only an adopted process ends without a signal to us


class Supervisor:
    """`with Supervisor() as supervisor:` start children, then `watch()`. Leaving the block leaves no process."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self.stop_asked_at: float | None = None
        self.is_ready = False
        self._exit_code = 0
        self._woken, self._wake = os.pipe()

    def __enter__(self) -> Self:
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            signal.signal(number, self._stop_asked)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)  # only wakes the loop
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop_children()

    @property
    def is_stopping(self) -> bool:
        return self.stop_asked_at is not None

    def stop(self, exit_code: int) -> None:
        """Ends `watch` as a signal would, with this exit code."""
        self._exit_code = exit_code
        self.stop_asked_at = time.monotonic()

    def start(self, child: Child) -> None:
        self.children.append(child)
        if child.running is None and not self.is_stopping:
            child.start()

    def watch(self) -> int:
        """Restarts what ends until somebody asks for the end. Returns the exit code."""
        while not self.is_stopping:
            for child in self.children:
                self._look_after(child)
            self.wait(self._seconds_to_next_start())
        return self._exit_code

    def wait(self, at_most_s: float) -> None:
        """Sleeps until a signal comes (a child that ends sends one) or the time is over."""
        if select.select([self._woken], [], [], at_most_s)[0]:
            os.read(self._woken, 4096)

    def wait_until(self, condition: Callable[[], bool], at_most_s: float) -> bool:
        deadline = time.monotonic() + at_most_s
        while not condition():
            if time.monotonic() >= deadline:
                return False
            self.wait(0.02)
        return True

    def _look_after(self, child: Child) -> None:
        if child.running is None:
            if time.monotonic() >= child.due_at and not self.is_stopping:
                child.start()
            return
        code = child.ended()
        if code is None or self.is_stopping:
            return
        if code == WRONG_SETTING and not self.is_ready:  # it would say the same again; it has already said why
            say(f"{child.role.name} cannot start with these settings; stopping.")
            self.stop(WRONG_SETTING)
            return
        say(f"{child.role.name} ended ({ending(code)}); starting it again in {child.plan_restart():g} s.")

    def _seconds_to_next_start(self) -> float:
        now = time.monotonic()
        waits = [child.due_at - now for child in self.children if child.running is None]
        return max(0.0, min([LOOK_EVERY_S, *waits]))

    def _stop_asked(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.stop_asked_at is None:
            self.stop_asked_at = now
        elif number == signal.SIGINT and now - self.stop_asked_at > SAME_KEY_PRESS_S:
            for child in self.children:
                child.kill()
            say("Killed.")
            os._exit(130)

    def stop_children(self) -> None:
        """Stage by stage: SIGTERM, its seconds of grace, then SIGKILL."""
        if self.stop_asked_at is None:
            self.stop_asked_at = time.monotonic()
        for stage in sorted({child.role.stage for child in self.children}):
            self._stop_stage([child for child in self.children if child.role.stage == stage])
        for child in self.children:
            child.hear_out(LAST_WORDS_S)

    def _stop_stage(self, children: list[Child]) -> None:
        for child in children:
            child.terminate()
        if not self.wait_until(lambda: _all_ended(children), max(child.role.grace_s for child in children)):
            for child in children:
                if child.running:
                    say(f"{child.role.name} did not stop within {child.role.grace_s:g} s; killed.")
                    child.kill()
            self.wait_until(lambda: _all_ended(children), 1.0)


def _all_ended(children: Iterable[Child]) -> bool:
    for child in children:
        child.ended()
    return all(child.running is None for child in children)
