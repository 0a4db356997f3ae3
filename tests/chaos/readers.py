"""Mail programs under way: they load one image with ids of their own, some twice, and know what they were answered."""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from tests.chaos.product import PATIENCE_S
from tests.opens.opens_fixtures import APPLE, CRAWLER, GMAIL, OUTLOOK

FILE = "logo.png"
LOGO = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
THREADS = 3
PAUSE_S = 0.05  # on average, between two loads of a thread
TIMEOUT_S = 15.0  # an image that took so long nobody looks at any more
Ask = Callable[[str, str], tuple[int, bytes]]  # path, user agent -> status, body


class Loaded(NamedTuple):
    """One load: when it began, how long it took, and the status (0: the connection broke before the whole image)."""

    at: float
    seconds: float
    status: int


class Readers:
    """Threads that load images until `stop`; then every answered one must have left its open, once."""

    def __init__(
        self, ask: Callable[[], Ask], seed: int = 1, *, threads: int = THREADS, pause_s: float = PAUSE_S
    ) -> None:
        self._new_ask = ask
        self._seed = seed
        self._pause_s = pause_s
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(threads)]
        self._lock = threading.Lock()
        self.sent: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.odd: list[str] = []  # answers that were no image
        self.log: list[Loaded] = []

    @property
    def at_once(self) -> int:
        """How many loads can be under way."""
        return len(self._threads)

    @property
    def slowest_s(self) -> float:
        return max((load.seconds for load in self.log if load.status), default=0.0)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)

    def wait_for(self, more: int) -> None:
        """Until so many more were answered."""
        wanted, deadline = self.answered.total() + more, time.monotonic() + PATIENCE_S
        while self.answered.total() < wanted:
            assert time.monotonic() < deadline, f"{self.answered.total()} of {wanted} images were answered"
            time.sleep(0.02)

    def _run(self, number: int) -> None:
        chance = random.Random(f"{self._seed}-{number}")
        ask = self._new_ask()
        step = 0
        while not self._stopping.wait(chance.uniform(0, 2 * self._pause_s)):
            step += 1
            agent = chance.choice((OUTLOOK, GMAIL, APPLE, CRAWLER, f"Reader/{chance.randrange(50)}"))
            for _ in range(chance.choice((1, 1, 1, 2))):
                self._load(ask, f"s{self._seed}-{number}-{step}", agent)

    def _load(self, ask: Ask, ref: str, agent: str) -> None:
        with self._lock:
            self.sent[ref] += 1
        started = time.monotonic()
        try:
            status, body = ask(f"/image/{FILE}?id_fatura={ref}", agent)
        except (OSError, http.client.HTTPException) as error:
            with self._lock:
                self.log.append(Loaded(started, time.monotonic() - started, 0))
                if isinstance(error, ConnectionRefusedError):  # nobody was there to see it
                    self.sent[ref] -= 1
            self._stopping.wait(self._pause_s)
            return
        with self._lock:
            self.log.append(Loaded(started, time.monotonic() - started, status))
            self.answered[ref] += 1
            if (status, body) != (200, LOGO):
                self.odd.append(f"{status}, {len(body)} bytes")


def over_http(port: int) -> Ask:
    """One keep-alive connection of a mail program; opened again when it broke."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)

    def ask(path: str, agent: str) -> tuple[int, bytes]:
        try:
            connection.request("GET", path, headers={"User-Agent": agent})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise

    return ask
