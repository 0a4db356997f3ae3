"""Client apps under way: events of both platforms, one by one and in batches, and what was acknowledged of them."""

from __future__ import annotations

import http.client
import json
import math
import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from app.simulator.platforms import KWAI, META, kwai_identity
from tests.chaos.product import KWAI_PIXEL, META_PIXEL, PATIENCE_S, TOKEN

EVENTS, BATCH = "/api/tracking/events", "/api/tracking/events/batch"
THREADS = 6
PAUSE_S = 0.08  # on average, between two requests of a thread
WAITING_SHARE, BATCH_SHARE = 0.2, 0.1
TRIES = 4  # a client that gets no answer sends again, as ours are told to; then it gives up
NAME = "EVENT_COMPLETE_REGISTRATION"


def event(platform: str, event_id: str) -> dict[str, Any]:
    """An event that the platform takes, and can be told from every other there."""
    if platform == KWAI:
        own = {"pixel_id": KWAI_PIXEL, "click_id": event_id, "content_id": event_id}
    else:
        own = {"pixel_id": META_PIXEL, "platform": META, "email": f"{event_id}@example.com"}
    return {"event_name": NAME, "event_id": event_id, **own}


def arrival_key(platform: str, event_id: str) -> str:
    """By what the simulator counts this event: Kwai has no event id on the wire."""
    if platform == META:
        return event_id
    properties = json.dumps({"content_id": event_id}, separators=(",", ":"))
    return kwai_identity({"clickid": event_id, "event_name": NAME, "properties": properties})


class Client:
    """One keep-alive connection of a client app; opened again when it broke."""

    def __init__(self, port: int, timeout_s: float = 15.0) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)

    def post(self, path: str, body: Any, *, waits: bool = False) -> tuple[int, dict[str, Any]]:
        """Status and body; status 0 when the connection broke before the whole answer was there."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
        if not waits:
            headers["Prefer"] = "respond-async"
        try:
            self._connection.request("POST", path, json.dumps(body), headers)
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            self._connection.close()
            return 0, {}

    def close(self) -> None:
        self._connection.close()


def acknowledged(status: int, body: dict[str, Any], events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events that the product took: a 2xx, or the failure of the first attempt, which names the request."""
    if "results" in body:
        return [events[result["index"]] for result in body["results"] if "request_id" in result]
    return list(events) if body.get("request_id") and (200 <= status < 300 or status == 500) else []


class Posted(NamedTuple):
    """One request: when it was sent, how long it took, and the status (0: no whole answer). `is_plain`: acknowledged at
    once, without waiting for a verdict."""

    at: float
    seconds: float
    status: int
    is_plain: bool


class Load:
    """Threads that post until `stop`; then `taken` (event id to platform) is what must have arrived in the end."""

    def __init__(self, port: int, seed: int, threads: int = THREADS) -> None:
        self._port = port
        self._seed = seed
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(threads)]
        self.taken: dict[str, str] = {}
        self.taken_at: dict[str, float] = {}
        self.log: list[Posted] = []
        self.odd: list[tuple[int, dict[str, Any]]] = []  # answers that no client should ever get

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)

    def wait_for(self, count: int) -> None:
        """Until so many events are acknowledged."""
        deadline = time.monotonic() + PATIENCE_S
        while len(self.taken) < count:
            assert time.monotonic() < deadline, f"only {len(self.taken)} events were taken; answers: {self.answers}"
            time.sleep(0.1)

    @property
    def answers(self) -> Counter[int]:
        return Counter(each.status for each in self.log)

    def quantile_ms(self, hundredth: int, since: float = 0.0, until: float = math.inf) -> float | None:
        """Of the acknowledged requests that did not wait for the verdict, sent in that time."""
        took = [each.seconds for each in self.log if each.is_plain and since <= each.at < until]
        if len(took) < 2:
            return None
        return round(statistics.quantiles(took, n=100, method="inclusive")[hundredth - 1] * 1000, 1)

    def _run(self, number: int) -> None:
        chance = random.Random(f"{self._seed}-{number}")
        client = Client(self._port)
        for turn in range(10**9):
            if self._stopping.wait(chance.uniform(0, 2 * PAUSE_S)):
                break
            size = chance.randint(2, 12) if chance.random() < BATCH_SHARE else 1
            events = [
                event(chance.choice((KWAI, META)), f"s{self._seed}-{number}-{turn}-{index}") for index in range(size)
            ]
            self._post(client, events, waits=chance.random() < WAITING_SHARE, chance=chance)
        client.close()

    def _post(self, client: Client, events: list[dict[str, Any]], *, waits: bool, chance: random.Random) -> None:
        path, body = (BATCH, {"events": events}) if len(events) > 1 else (EVENTS, events[0])
        for _ in range(TRIES):
            started = time.monotonic()
            status, answer = client.post(path, body, waits=waits)
            now = time.monotonic()
            taken = acknowledged(status, answer, events)
            self.log.append(Posted(started, now - started, status, len(taken) == len(events) and not waits))
            for each in taken:
                self.taken[each["event_id"]] = META if "platform" in each else KWAI
                self.taken_at.setdefault(each["event_id"], now)
            if len(taken) == len(events):
                return
            if status not in (0, 503):
                self.odd.append((status, answer))
                return
            if self._stopping.wait(chance.uniform(0.1, 0.8)):
                return
