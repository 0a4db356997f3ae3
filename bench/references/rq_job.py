"""One event, one job, as RQ's documentation would have it: a function that calls the API and notes the attempt."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import Any

import requests


def send(url: str, database: str, event: dict[str, Any]) -> None:
    payload = {
        "access_token": "secret",
        "clickid": event["click_id"],
        "event_name": event["event_name"],
        "pixelId": event["pixel_id"],
        "properties": "{}",
    }
    response = requests.post(url, json=payload, timeout=10)
    response.raise_for_status()
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "INSERT INTO attempt VALUES (?, ?, ?)", (event["event_id"], response.status_code, response.text)
        )


def prepare(database: str) -> None:
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE attempt (event_id TEXT, status INTEGER, response TEXT)")


def logged(database: str) -> int:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        count: int = connection.execute("SELECT count(*) FROM attempt").fetchone()[0]
        return count
