"""Counters and gauges for Prometheus. Counters of all processes meet in Valkey, so that any of them tells the whole."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import ip_address
from secrets import compare_digest
from typing import NamedTuple

from flask import Blueprint, Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from redis import Redis
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.core.access import public
from app.core.queue import ALWAYS_AWAY_ERRORS, connect
from app.core.runtime import Runtime, runtime
from app.core.settings import Settings
from app.core.valkey import redis_url

HASH = "metrics"
FLUSH_S = 1.0
HELP = {
    "kalitrack_http_requests": "HTTP requests by route and status, the front door's too",
    "kalitrack_events_accepted": "Events committed",
    "kalitrack_opens_recorded": "Loads of e-mail images committed",
    "opens_spooled": "Opens that the database could not take in time, kept in the spool",
    "opens_unrecorded": "Opens that neither the database nor the spool could take",
    "kalitrack_attempts": "Results of deliveries, by kind and outcome",
}
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")

Key = tuple[str, tuple[tuple[str, str], ...]]  # name, sorted labels
Gauge = tuple[str, str, dict[str, str], float]  # name, help, labels, value


class Summary(NamedTuple):
    """Quantiles of what happened lately: {0.95: seconds}."""

    name: str
    help: str
    quantiles: Mapping[float, float]


bp = Blueprint("metrics", __name__)
# Read when somebody asks: from the database, and from this machine.
gauges: list[Callable[[Connection], Iterable[Gauge]]] = []
summaries: list[Callable[[Connection], Iterable[Summary]]] = []
gauges_here: list[Callable[[Settings], Iterable[Gauge]]] = []


class _Counts:
    """What this process has counted and not yet told Valkey. While Valkey is away it stays here."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: Counter[Key] = Counter()
        self._some = threading.Event()
        self._pid = 0
        self.url: str | None = None

    def add(self, key: Key, number: int) -> None:
        if self._pid != os.getpid():
            self._start()
        with self._lock:
            self._counted[key] += number
        if not self._some.is_set():  # setting it costs three times as much
            self._some.set()

    def flush(self, client: Redis) -> None:
        """Raises RedisError or OSError when Valkey is away; then nothing is lost."""
        with self._lock:
            counted, self._counted = self._counted, Counter()
        try:
            with client.pipeline(transaction=True) as pipe:
                for (name, labels), number in counted.items():
                    pipe.hincrby(HASH, json.dumps([name, labels]), number)
                pipe.execute()
        except ALWAYS_AWAY_ERRORS:
            with self._lock:
                self._counted.update(counted)
            raise

    def _start(self) -> None:
        """A thread belongs to the process that counts, never to one that forks it."""
        with self._lock:
            if self._pid != os.getpid():
                self._pid = os.getpid()
                self._counted = Counter()  # a parent's counts are the parent's to tell
                threading.Thread(target=self._run, name="metrics", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._some.wait()
            threading.Event().wait(FLUSH_S)
            self._some.clear()
            if self.url is not None:
                try:
                    with connect(self.url) as client:
                        self.flush(client)
                except ALWAYS_AWAY_ERRORS:
                    self._some.set()


_counts = _Counts()


def count(name: str, number: int = 1, **labels: str) -> None:
    """Adds to a counter of HELP; costs a dictionary look-up. Labels must have few values."""
    _counts.add((name, tuple(sorted(labels.items()))), number)


def count_request(route: str, status: int) -> None:
    """One answered HTTP request. `route` is the pattern, never the path, which anybody may make up."""
    _counts.add(("kalitrack_http_requests", (("route", route), ("status", str(status)))), 1)


def init_app(app: Flask) -> None:
    """Counts Flask's requests and serves /metrics."""
    _counts.url = redis_url(runtime(app).settings)
    app.register_blueprint(bp)
    app.after_request(_count)


def _count(response: Response) -> Response:
    rule = request.url_rule.rule if request.url_rule is not None else "none"
    count_request(rule, response.status_code)
    return response


@bp.get("/metrics")
@public
def show() -> Response:
    """Prometheus' text format, for callers on this machine or with `Authorization: Bearer <INTERNAL_API_TOKEN>`. A part
    that cannot be read just now (Valkey or the database away) is left out, rather than told as nought."""
    state = runtime()
    if not _may_look(state):
        return Response("Only from this machine, or with the internal token\n", 403, content_type="text/plain")
    registry = CollectorRegistry()
    registry.register(_Collector(state))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_look(state: Runtime) -> bool:
    token = state.settings.internal_api_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and compare_digest(given.encode(), token.encode()):
        return True
    if any(name in request.headers for name in FORWARDED) and not state.settings.trusted_proxies:
        return False  # through a proxy on this machine, everybody's address is this machine's
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


class _Collector:
    """Each part for itself: what cannot be read is left out, and `kalitrack_…_up` says so."""

    def __init__(self, state: Runtime) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        started = time.perf_counter()
        counted, read = self._counted(), self._read()
        yield from counted or ()
        yield from read or ()
        yield from _gauge_families(each for tell in gauges_here for each in tell(self._state.settings))
        yield GaugeMetricFamily("kalitrack_valkey_up", "1 while Valkey answers", counted is not None)
        yield GaugeMetricFamily("kalitrack_database_up", "1 while the database answers", read is not None)
        took = time.perf_counter() - started
        yield GaugeMetricFamily("kalitrack_scrape_duration_seconds", "What these figures took to read", took)

    def _counted(self) -> list[Metric] | None:
        try:
            with connect(redis_url(self._state.settings)) as client:
                _counts.flush(client)
                stored = client.hgetall(HASH)
        except ALWAYS_AWAY_ERRORS:
            return None
        told = ((json.loads(field), int(number)) for field, number in stored.items())
        return _counter_families((name, HELP.get(name, name), dict(labels), number) for (name, labels), number in told)

    def _read(self) -> list[Metric] | None:
        try:
            with self._state.engine.connect() as connection:
                return [
                    *_gauge_families(each for read in gauges for each in read(connection)),
                    *(_summary_family(each) for read in summaries for each in read(connection)),
                ]
        except SQLAlchemyError:
            return None


def _gauge_families(samples: Iterable[Gauge]) -> list[Metric]:
    families: dict[str, GaugeMetricFamily] = {}
    for name, help_, labels, value in samples:
        families.setdefault(name, GaugeMetricFamily(name, help_, labels=list(labels))).add_metric(
            list(labels.values()), value
        )
    return list(families.values())


def _counter_families(samples: Iterable[Gauge]) -> list[Metric]:
    families: dict[str, CounterMetricFamily] = {}
    for name, help_, labels, value in samples:
        families.setdefault(name, CounterMetricFamily(name, help_, labels=list(labels))).add_metric(
            list(labels.values()), value
        )
    return list(families.values())


def _summary_family(told: Summary) -> Metric:
    family = Metric(told.name, told.help, "summary")
    for quantile, value in told.quantiles.items():
        family.add_sample(told.name, {"quantile": f"{quantile:g}"}, value)
    return family
