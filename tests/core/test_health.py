"""/health/live and /health/ready: who is missing, and how far behind the engine is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core import clock
from app.core.heartbeat import Pulse
from app.core.runtime import runtime
from app.outbound.models import Breaker, Target, TargetState
from tests.outbound.ledger import Ledger
from tests.tracking_fixtures import make_pixel

__all__ = ["make_pixel"]


@pytest.fixture
def workers(app):
    """One process of each kind that says it lives."""
    pulses = [Pulse(runtime(app).engine, f"{kind}-here", kind) for kind in ("deliver", "jobs", "ticker")]
    for pulse in pulses:
        pulse.beat()
    return pulses


@pytest.fixture
def ready(client):
    """`ready()` gives (HTTP status, the answer)."""

    def ask():
        answer = client.get("/health/ready")
        return answer.status_code, answer.json

    return ask


@pytest.fixture
def ledger(app):
    return Ledger(app)


def test_live_asks_nobody(client):
    assert client.get("/health/live").json == {"status": "ok"}


def test_all_well(workers, ready):
    status, answer = ready()

    assert (status, answer["status"]) == (200, "ok")
    assert set(answer["checks"]) == {"database", "valkey", "deliver", "jobs", "ticker", "queue"}
    assert all(check["ok"] for check in answer["checks"].values())


def test_without_workers_it_is_unavailable(ready):
    status, answer = ready()

    assert (status, answer["status"], answer["checks"]["deliver"]) == (
        503, "unavailable", {"ok": False, "seen_s_ago": None},
    )  # fmt: skip


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_silent_process_is_missed_and_an_ended_one_at_once(workers, ready, travel, number):
    workers[number].end()
    assert ready()[0] == 503
    travel(timedelta(seconds=21))
    assert not any(ready()[1]["checks"][kind]["ok"] for kind in ("deliver", "jobs", "ticker"))


def test_a_second_process_of_a_kind_is_enough(app, workers, ready):
    Pulse(runtime(app).engine, "jobs-elsewhere", "jobs").beat()
    workers[1].end()

    assert ready()[0] == 200


def test_a_late_queue_is_degraded_and_says_how_late(workers, ready, ledger, make_pixel):
    pixel = make_pixel("kwai")
    ledger.owe(pixel, 3, next_at=clock.now() - timedelta(minutes=5))

    status, answer = ready()

    queue = answer["checks"]["queue"]
    assert (status, answer["status"], queue["ok"], queue["due"], queue["more"]) == (200, "degraded", False, 3, False)
    assert 299 < queue["oldest_s"] < 310


@pytest.mark.parametrize(
    "held",
    [
        {"state": TargetState.PAUSED},
        {"state": TargetState.DELETED},
        {"not_before": timedelta(minutes=1)},
        {"breaker": Breaker.OPEN, "breaker_until": timedelta(minutes=1)},
    ],
    ids=["paused", "deleted", "throttled", "broken"],
)
def test_what_waits_for_somebody_else_is_no_lag(workers, ready, ledger, make_pixel, held):
    pixel = make_pixel("kwai")
    ledger.owe(pixel, next_at=clock.now() - timedelta(hours=5))
    now = clock.now()
    ledger.change(Target, pixel, **{k: now + v if isinstance(v, timedelta) else v for k, v in held.items()})

    assert ready()[1]["checks"]["queue"] == {"ok": True, "due": 0, "more": False, "oldest_s": 0.0}


class TestWithoutValkey:
    @pytest.fixture
    def settings(self, make_settings, database_url, tmp_path):
        return make_settings(database_url=database_url, redis_url=f"unix://{tmp_path}/nothing.sock")

    def test_valkey_away_is_degraded(self, workers, ready):
        status, answer = ready()
        assert (status, answer["status"], answer["checks"]["valkey"]) == (200, "degraded", {"ok": False})


def test_a_database_that_refuses_is_unavailable_in_words(app, workers, ready):
    engine = runtime(app).engine
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE heartbeat RENAME TO heartbeat_away"))
    try:
        status, answer = ready()
    finally:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE heartbeat_away RENAME TO heartbeat"))

    assert (status, answer["checks"]["database"], answer["checks"]["queue"]) == (503, {"ok": False}, {"ok": False})
