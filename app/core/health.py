"""/health/live: the process answers. /health/ready: everything it needs answers too."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, jsonify
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock
from app.core.access import public
from app.core.models import Heartbeat
from app.core.queue import ALWAYS_AWAY_ERRORS, connect
from app.core.runtime import Runtime, runtime
from app.core.valkey import redis_url

FRESH = timedelta(seconds=20)
EXPECTED = ("deliver", "jobs", "ticker")
bp = Blueprint("health", __name__, url_prefix="/health")


@bp.get("/live")
@public
def live() -> Response:
    """This process answers; nothing else is asked."""
    return jsonify({"status": "ok"})


@bp.get("/ready")
@public
def ready() -> tuple[Response, int]:
    """200 when database, Valkey and one worker of each kind answer, else 503 and which of them does not. Valkey alone
    away is no reason to send nobody here: events are taken and delivered without it."""
    state = runtime()
    checks: dict[str, Any] = {"database": _database(state), "valkey": _valkey(state), **_workers(state)}
    needed = {name: check for name, check in checks.items() if name != "valkey"}
    is_ready = all(check["ok"] for check in needed.values())
    degraded = is_ready and not checks["valkey"]["ok"]
    status = "degraded" if degraded else "ok" if is_ready else "unavailable"
    return jsonify({"status": status, "checks": checks}), 200 if is_ready else 503


def _database(state: Runtime) -> dict[str, Any]:
    started = time.monotonic()
    try:
        with state.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return {"ok": False}
    return {"ok": True, "ms": round((time.monotonic() - started) * 1000, 1)}


def _valkey(state: Runtime) -> dict[str, Any]:
    started = time.monotonic()
    try:
        with connect(redis_url(state.settings)) as client:
            client.ping()
    except ALWAYS_AWAY_ERRORS:
        return {"ok": False}
    return {"ok": True, "ms": round((time.monotonic() - started) * 1000, 1)}


def _workers(state: Runtime) -> dict[str, dict[str, Any]]:
    seen: dict[str, datetime] = {}
    try:
        with state.engine.connect() as connection:
            for kind, at in connection.execute(select(Heartbeat.kind, Heartbeat.seen_at)):
                seen[kind] = max(at, seen.get(kind, at))
    except SQLAlchemyError:
        seen = {}
    now = clock.now()
    return {
        kind: {"ok": kind in seen and now - seen[kind] < FRESH, "seen_s_ago": _age(seen.get(kind), now)}
        for kind in EXPECTED
    }


def _age(at: datetime | None, now: datetime) -> float | None:
    return None if at is None else round((now - at).total_seconds(), 1)
