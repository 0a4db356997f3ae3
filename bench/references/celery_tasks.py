"""One event, one task, as celery's documentation would have it ("First Steps with Celery", "Tasks: Automatic retry for
known exceptions", "Ignore results you don't want"). `celery -A … worker -P threads -c 32` runs it. Needs BROKER_URL."""

from __future__ import annotations

import os
from typing import Any

import requests
from celery import Celery  # type: ignore[import-not-found,import-untyped,unused-ignore]

from bench.references import one_call

app = Celery("tasks", broker=os.environ.get("BROKER_URL"))


@app.task(  # type: ignore[untyped-decorator,unused-ignore]
    autoretry_for=(requests.RequestException,), retry_backoff=True, ignore_result=True
)
def send(url: str, database: str, event: dict[str, Any]) -> None:
    one_call.send(url, database, event)
