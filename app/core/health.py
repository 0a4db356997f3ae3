"""/health/live: the process answers. /health/ready: everything it needs answers too."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, jsonify
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock
from app.core.access import public
from app.core.heartbeat import last_seen
from app.core.queue import ALWAYS_AWAY_ERRORS, connect
from app.core.runtime import Runtime, runtime
from app.core.valkey import redis_url

FRESH = timedelta(seconds=20)
EXPECTED = ("deliver", "jobs", "ticker")
Check = dict[str, Any]  # `ok`, and what else there is to know
checks: dict[str, Callable[[Connection], Check]] = {}  # of features, by name; they tell, and turn nobody away
bp = Blueprint("health", __name__, url_prefix="/health")


@bp.get("/live")
@public
def live() -> Response:
    """This process answers; nothing else is asked."""
    return jsonify({"status": "ok"})


@bp.get("/ready")
@public
def ready() -> tuple[Response, int]:
    """200 when the database and one worker of each kind answer, else 503 and which of them does not. Valkey away or a
    long queue is `degraded`, and no reason to send nobody here: events are taken and delivered all the same."""
    state = runtime()
    needed = _database_and_workers(state)
    wished = {"valkey": _valkey(state)}
    for name in checks:
        wished[name] = needed.pop(name, {"ok": False})
    is_ready = all(check["ok"] for check in needed.values())
    is_well = all(check["ok"] for check in wished.values())
    status = "unavailable" if not is_ready else "ok" if is_well else "degraded"
    return jsonify({"status": status, "checks": {**needed, **wished}}), 200 if is_ready else 503


def _database_and_workers(state: Runtime) -> dict[str, Check]:
    started = time.monotonic()
    try:
        with state.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            database = {"ok": True, "ms": _ms(started)}
            others = {name: check(connection) for name, check in checks.items()}
            return {"database": database, **_workers(last_seen(connection)), **others}
    except SQLAlchemyError:
        return {"database": {"ok": False}, **_workers({})}


def _workers(seen: Mapping[str, datetime]) -> dict[str, Check]:
    now = clock.now()
    return {
        kind: {"ok": kind in seen and now - seen[kind] < FRESH, "seen_s_ago": _age(seen.get(kind), now)}
        for kind in EXPECTED
    }


def _valkey(state: Runtime) -> Check:
    started = time.monotonic()
    try:
        with connect(redis_url(state.settings)) as client:
            client.ping()
    except ALWAYS_AWAY_ERRORS:
        return {"ok": False}
    return {"ok": True, "ms": _ms(started)}


def _ms(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)


def _age(at: datetime | None, now: datetime) -> float | None:
    return None if at is None else round((now - at).total_seconds(), 1)
