"""One event sent a hundred times at once while web is killed: one row, one delivery, one answer (F16)."""

from __future__ import annotations

import random
import threading
import time

from app.simulator.platforms import META
from tests.chaos.harness import World
from tests.chaos.load import EVENTS, Client, event
from tests.chaos.product import PATIENCE_S, WEB_WORKER

AT_ONCE = 100
KILLED_AFTER_S = 0.05
AGAIN_S = (0.3, 1.2)


def duplicate_storm(world: World, chance: random.Random, until: float) -> None:
    """Storms until the time is up, at least one."""
    number = 0
    while number == 0 or time.monotonic() < until - 4:
        number += 1
        _Storm(world, f"storm-{chance.randrange(10**9)}").rage()
    time.sleep(max(0.0, until - time.monotonic()))


class _Storm:
    def __init__(self, world: World, event_id: str) -> None:
        self._world = world
        self._event = event(META, event_id)
        self._ids: list[str] = []
        self._refused: list[int] = []
        self._broke = 0
        self._lock = threading.Lock()
        self._start = threading.Barrier(AT_ONCE + 1)

    def rage(self) -> None:
        world = self._world
        senders = [threading.Thread(target=self._send, daemon=True) for _ in range(AT_ONCE)]
        for sender in senders:
            sender.start()
        self._start.wait()
        time.sleep(KILLED_AFTER_S)
        world.strike(WEB_WORKER)
        for sender in senders:
            sender.join(PATIENCE_S)
        assert world.load is not None
        world.load.taken[self._event["event_id"]] = META
        world.kills["storms"] += 1
        ids, answered = set(self._ids), len(self._ids)
        world.notes.append(f"{AT_ONCE} senders of one event: {answered} answered 2xx, {self._broke} answers broke")
        if len(ids) != 1 or answered != AT_ONCE or self._refused:
            world.broken.append(f"{answered} of {AT_ONCE} were answered with {len(ids)} ids; refused: {self._refused}")

    def _send(self) -> None:
        """As a client does: again, until there is an answer."""
        client = Client(self._world.port)
        self._start.wait()
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            status, answer = client.post(EVENTS, self._event)
            with self._lock:
                if 200 <= status < 300:
                    self._ids.append(answer["request_id"])
                elif status == 0:
                    self._broke += 1
                elif status != 503:
                    self._refused.append(status)
            if status not in (0, 503):
                break
            time.sleep(random.uniform(*AGAIN_S))
        client.close()
