"""A simulator, and the product's own client to call it with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.core.exchange import Call, Reply
from app.core.http import Client
from app.simulator import Simulator

Send = Callable[..., Reply]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client(timeout_s=5)
    yield client
    client.close()


@pytest.fixture
def to_kwai(simulator: Simulator, client: Client) -> Send:
    def send(timeout_s: float | None = None, **fields: Any) -> Reply:
        body = {"access_token": "t", "clickid": "c1", "event_name": "EVENT_PURCHASE", "pixelId": "k1", **fields}
        return client.send(Call("POST", simulator.environment["KWAI_EVENTS_URL"], body), timeout_s=timeout_s)

    return send


@pytest.fixture
def to_meta(simulator: Simulator, client: Client) -> Send:
    def send(*events: Any, pixel: str = "m1", token: str | None = "t", timeout_s: float | None = None) -> Reply:
        body = {"data": list(events)} | ({"access_token": token} if token else {})
        return client.send(Call("POST", f"{simulator.url}/v25.0/{pixel}/events", body), timeout_s=timeout_s)

    return send


def lead(event_id: str = "e1", **fields: Any) -> dict[str, Any]:
    return {"event_name": "Lead", "event_time": int(time.time()), "event_id": event_id, "user_data": {}, **fields}
