"""Client apps and mail programs that know the balancer's address and nothing else."""

from __future__ import annotations

import http.client
import random
from typing import Any

from app.simulator.platforms import KWAI, META
from tests.chaos.load import BATCH_SHARE, PAUSE_S, WAITING_SHARE, Client, Load, event
from tests.chaos.readers import Ask

Address = tuple[str, int]
REQUESTS = 6  # on one connection; the next one goes to the other web host
TIMEOUT_S = 15.0


class AppClient(Client):
    """Of a host that is not this one; takes a new connection now and then."""

    def __init__(self, address: Address) -> None:
        self._connection = http.client.HTTPConnection(*address, timeout=TIMEOUT_S)
        self._asked = 0

    def post(self, path: str, body: Any, *, waits: bool = False) -> tuple[int, dict[str, Any]]:
        self._asked += 1
        if self._asked % REQUESTS == 0:
            self._connection.close()
        return super().post(path, body, waits=waits)


class Apps(Load):
    """The chaos tests' client apps, sent to the balancer."""

    def __init__(self, address: Address, seed: int, threads: int = 5) -> None:
        super().__init__(address[1], seed, threads)
        self._address = address

    def _run(self, number: int) -> None:
        chance = random.Random(f"{self._seed}-{number}")
        client = AppClient(self._address)
        for turn in range(10**9):
            if self._stopping.wait(chance.uniform(0, 2 * PAUSE_S)):
                break
            size = chance.randint(2, 12) if chance.random() < BATCH_SHARE else 1
            names = [f"h{self._seed}-{number}-{turn}-{index}" for index in range(size)]
            events = [event(chance.choice((KWAI, META)), name) for name in names]
            self._post(client, events, waits=chance.random() < WAITING_SHARE, chance=chance)
        client.close()


def loads_from(address: Address) -> Ask:
    """What a mail program does (`tests.chaos.readers`)."""
    connection = http.client.HTTPConnection(*address, timeout=TIMEOUT_S)
    asked = 0

    def ask(path: str, agent: str) -> tuple[int, bytes]:
        nonlocal asked
        asked += 1
        try:
            if asked % REQUESTS == 0:
                connection.close()
            connection.request("GET", path, headers={"User-Agent": agent})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise

    return ask
