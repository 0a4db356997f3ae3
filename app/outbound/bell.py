"""Hearing the bell: one thread that waits at Valkey for the drain, and tells it when Valkey is away."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from app.core.queue import ALWAYS_AWAY_ERRORS, BELL, connect

log = logging.getLogger(__name__)
LISTEN_S = 1.0
AWAY_S = 0.2


class Bell:
    """Calls `rung` for each ring. `away` says whether Valkey cannot be heard at the moment."""

    def __init__(self, url: str, rung: Callable[[], None]) -> None:
        self._url = url
        self._rung = rung
        self._ended = threading.Event()
        self.away = False
        threading.Thread(target=self._run, name="bell", daemon=True).start()

    def end(self) -> None:
        """The thread ends within LISTEN_S."""
        self._ended.set()

    def _run(self) -> None:
        with connect(self._url, timeout_s=LISTEN_S + 0.5) as client:
            while not self._ended.is_set():
                try:
                    heard = client.blpop([BELL], timeout=LISTEN_S)
                except ALWAYS_AWAY_ERRORS as error:
                    self._note(True, type(error).__name__)
                    self._ended.wait(AWAY_S)
                    continue
                self._note(False)
                if heard is not None:
                    self._rung()

    def _note(self, away: bool, why: str = "") -> None:
        if away != self.away:
            log.warning("Valkey is away (%s): deliveries go on without it" if away else "Valkey is back%s", why)
            self.away = away
