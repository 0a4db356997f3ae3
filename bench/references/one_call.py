"""What one task for one event does, whichever queue brings it: hash, build, POST, note the attempt. As generous as a
task can be: a thread keeps its connections to the platform (requests' documentation, "Session Objects") and the log."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
import time
from typing import Any

import requests

TIMEOUT_S = 10
_kept = threading.local()


def send(url: str, database: str, event: dict[str, Any]) -> None:
    """Raises requests.RequestException when the platform did not take it, so that the queue tries again."""
    response = _session().post(url, json=_meta(event) if "fbclid" in event else _kwai(event), timeout=TIMEOUT_S)
    response.raise_for_status()
    with _log(database) as connection:
        row = (event["event_id"], response.status_code, response.text)
        connection.execute("INSERT INTO attempt VALUES (?, ?, ?)", row)


def _meta(event: dict[str, Any]) -> dict[str, Any]:
    row = {
        "event_name": "Purchase",
        "event_time": int(time.time()),
        "event_id": event["event_id"],
        "action_source": "website",
        "user_data": {"em": [_hashed(event["email"])], "ph": [_hashed(event["phone"].lstrip("+"))]},
        "custom_data": {"value": event["value"], "currency": event["currency"]},
    }
    return {"access_token": "secret", "data": [row]}


def _kwai(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "access_token": "secret",
        "clickid": event["click_id"],
        "event_name": event["event_name"],
        "pixelId": event["pixel_id"],
        "properties": "{}",
    }


def _hashed(text: str) -> str:
    return hashlib.sha256(text.strip().lower().encode()).hexdigest()


def _session() -> requests.Session:
    if not hasattr(_kept, "session"):
        _kept.session = requests.Session()
    session: requests.Session = _kept.session
    return session


def _log(database: str) -> sqlite3.Connection:
    """As a context manager it commits."""
    if not hasattr(_kept, "log"):
        _kept.log = sqlite3.connect(database, timeout=30)
        _kept.log.execute("PRAGMA synchronous=NORMAL")
    log: sqlite3.Connection = _kept.log
    return log


def prepare(database: str) -> None:
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE attempt (event_id TEXT, status INTEGER, response TEXT)")


def logged(database: str) -> int:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        count: int = connection.execute("SELECT count(*) FROM attempt").fetchone()[0]
        return count
