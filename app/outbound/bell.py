"""Hearing the bell: one thread that waits at Valkey for the drain, and tells it when Valkey is away."""

from __future__ import annotations

import threading
from collections.abc import Callable

from app.core.queue import ALWAYS_AWAY_ERRORS, BELL, connect

LISTEN_S = 1.0


class Bell:
    """Calls `rung` for each ring. `away` says whether Valkey cannot be heard at the moment."""

    def __init__(self, url: str, name: str, rung: Callable[[], None]) -> None:
        self._url = url
        self._name = name
        self._rung = rung
        self._ended = threading.Event()
        self.away = False
        threading.Thread(target=self._run, name="bell", daemon=True).start()

    def end(self) -> None:
        self._ended.set()

    def _run(self) -> None:
        client = connect(self._url, timeout_s=LISTEN_S + 0.5)
        while not self._ended.is_set():
            try:
                client.set(present_key(self._name), 1, ex=3)
                heard = client.blpop([BELL], timeout=LISTEN_S)
            except ALWAYS_AWAY_ERRORS:
                self.away = True
                self._ended.wait(0.2)
                continue
            self.away = False
            if heard is not None:
                self._rung()


def present_key(name: str) -> str:
    """Set while a drain of this name lives; the ticker starts one where it is missing."""
    return f"drain:{name}"
