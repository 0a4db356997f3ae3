"""One event, one message, as dramatiq's documentation would have it ("User Guide: Actors", "Redis Broker"). Started by
`dramatiq … --processes 1 --threads 32`. Needs BROKER_URL."""

from __future__ import annotations

import os
from typing import Any

import dramatiq  # type: ignore[import-not-found,import-untyped,unused-ignore]
from dramatiq.brokers.redis import RedisBroker  # type: ignore[import-not-found,import-untyped,unused-ignore]

from bench.references import one_call

broker = RedisBroker(url=os.environ.get("BROKER_URL"))  # type: ignore[no-untyped-call,unused-ignore]
dramatiq.set_broker(broker)


@dramatiq.actor  # type: ignore[untyped-decorator,unused-ignore]
def send(url: str, database: str, event: dict[str, Any]) -> None:
    one_call.send(url, database, event)
