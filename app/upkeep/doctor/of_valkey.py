"""Valkey: nothing in it is authoritative, and without it work goes on more slowly."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

from flask_babel import gettext as _
from redis import Redis, RedisError

from app.core.queue import ALWAYS_AWAY_ERRORS, connect
from app.core.runtime import Runtime
from app.core.valkey import redis_url
from app.serve.valkey import NEVER_EVICTS
from app.upkeep.doctor.findings import Finding, ok, problem, warning

PINGS = 9
SLOW_MS = 5.0


def check(state: Runtime) -> Iterator[Finding]:
    is_ours = state.settings.redis_url is None
    try:
        with connect(redis_url(state.settings), timeout_s=1.0) as client:
            ms = median(_ping_ms(client) for _number in range(PINGS))
            version = _version(client)
            policy, append_only = _setting(client, "maxmemory-policy"), _setting(client, "appendonly")
    except ALWAYS_AWAY_ERRORS as error:
        yield problem(
            "valkey",
            _("Valkey does not answer (%(error)s): events are taken and delivered, later by up to a second.",
              error=type(error).__name__),
            _("It starts with the product.") if is_ours else _("Start it, and see that REDIS_URL is right."),
        )  # fmt: skip
        return
    told = _("Valkey %(version)s answers in %(ms)s ms.", version=version, ms=f"{ms:.1f}")
    yield warning("valkey", told, _("Bring it nearer, or look at its load.")) if ms > SLOW_MS else ok("valkey", told)
    if policy not in (None, NEVER_EVICTS):
        yield problem(
            "valkey_policy",
            _("Valkey's maxmemory-policy is %(policy)s: it may throw queued work away.", policy=policy),
            _("Set maxmemory-policy %(wanted)s.", wanted=NEVER_EVICTS),
        )
    if is_ours and append_only == "no":
        yield warning(
            "valkey_aof",
            _("The embedded Valkey writes nothing to disk; counters for Prometheus begin anew at each start."),
            _("Restart the product, which starts Valkey with its own configuration."),
        )


def _ping_ms(client: Redis) -> float:
    started = time.perf_counter()
    client.ping()
    return (time.perf_counter() - started) * 1000


def _version(client: Redis) -> str:
    told = client.info("server")
    return str(told.get("valkey_version") or told.get("redis_version") or "?")


def _setting(client: Redis, name: str) -> str | None:
    """None where the server does not tell: hosted ones often forbid it."""
    try:
        found = {_text(key): _text(value) for key, value in client.config_get(name).items()}
    except RedisError:
        return None
    return found.get(name)


def _text(value: bytes | str | None) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
