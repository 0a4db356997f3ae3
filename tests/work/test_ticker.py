"""The ticker: one leads, it rings for what is due, and starts each task once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import redis
from sqlalchemy import select, text

from app.attention.models import Finding
from app.core import clock
from app.core.db import begin_write
from app.core.heartbeat import last_seen
from app.core.models import CronRun, Lease
from app.core.queue import BELL
from app.outbound import targets
from app.outbound.models import Target, TargetState
from app.work.rq_workers import JOBS_QUEUE
from app.work.schedule import SCHEDULE, Task
from app.work.ticker import TICK_S, Ticker, take_lease

TASKS = sorted(task.name for task in SCHEDULE)


@pytest.fixture
def bell(valkey):
    with redis.Redis.from_url(valkey.url) as client:
        yield client


@pytest.fixture
def kwai(make_pixel):
    return make_pixel("kwai")


def runs(ledger):
    with ledger.engine.connect() as connection:
        return sorted(connection.scalars(select(CronRun.name)))


def findings(ledger):
    with ledger.engine.connect() as connection:
        return list(connection.scalars(select(Finding.kind)))


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-05-02T06:09:59", "2026-05-01T06:10:00"),  # 03:10 in São Paulo is 06:10 UTC
        ("2026-05-02T06:10:00", "2026-05-02T06:10:00"),
        ("2026-05-02T23:00:00", "2026-05-02T06:10:00"),
        ("2026-05-03T02:00:00", "2026-05-02T06:10:00"),  # still the 2nd there
    ],
)
def test_a_task_is_due_at_its_local_time(now, due):
    task = Task("x", "y", hour=3, minute=10)

    found = task.last_due(datetime.fromisoformat(now).replace(tzinfo=UTC), "America/Sao_Paulo")

    assert found == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_it_rings_each_second_while_something_is_due(app, ledger, kwai, bell):
    ticker = Ticker(app)
    ledger.owe(kwai, next_at=clock.now() + timedelta(hours=1))
    ticker.tick()
    assert bell.llen(BELL) == 0

    ledger.owe(kwai)
    ticker.tick()
    ticker.tick()

    assert bell.llen(BELL) == 2


def test_it_does_not_ring_for_what_is_paused(app, ledger, kwai, bell):
    ledger.owe(kwai)
    with begin_write(ledger.engine) as connection:
        targets.pause(connection, kwai, "by hand", "user")

    Ticker(app).tick()

    assert bell.llen(BELL) == 0


def test_one_leads_and_the_next_takes_over(app, ledger, kwai, bell):
    first, second = Ticker(app), Ticker(app)
    second._holder = "another process"
    ledger.owe(kwai)
    first.tick()
    second.tick()
    assert bell.llen(BELL) == 1

    first.end()
    second._renew_at = 0.0
    second.tick()

    assert bell.llen(BELL) == 2


def test_two_hosts_of_one_name_whose_processes_have_one_id_do_not_both_lead(app, ledger, kwai, bell):
    first, second = Ticker(app), Ticker(app)  # as in containers: one name, one process id
    assert first.name == second.name
    ledger.owe(kwai)

    first.tick()
    second.tick()

    assert bell.llen(BELL) == 1


def test_who_stands_by_looks_each_second_and_who_leads_now_and_then(app, ledger):
    leader, other = Ticker(app), Ticker(app)
    leader.tick()
    other.tick()

    now = clock.monotonic()

    assert other._renew_at <= now + TICK_S
    assert leader._renew_at > now + TICK_S


def test_a_dead_leader_is_succeeded_when_its_lease_ends(ledger, travel):
    assert take_lease(ledger.engine, "one")
    assert take_lease(ledger.engine, "one")
    assert not take_lease(ledger.engine, "two")

    travel(timedelta(seconds=11))

    assert take_lease(ledger.engine, "two")
    assert not take_lease(ledger.engine, "one")


def test_a_task_starts_once_for_each_time_it_is_due(app, ledger, bell, travel):
    first, second = Ticker(app), Ticker(app)
    first.tick()
    first.tick()
    second._leads_until = clock.monotonic() + 9
    second.tick()
    assert (runs(ledger), bell.llen(f"rq:queue:{JOBS_QUEUE}")) == (TASKS, len(TASKS))

    travel(timedelta(days=1))
    first._renew_at = 0.0
    first.tick()

    assert (len(runs(ledger)), bell.llen(f"rq:queue:{JOBS_QUEUE}")) == (2 * len(TASKS), 2 * len(TASKS))


def test_a_task_that_valkey_does_not_take_is_started_later(app, ledger, valkey):
    valkey.kill()
    ticker = Ticker(app)
    ticker.tick()
    assert runs(ledger) == []

    valkey.start()
    ticker.tick()

    assert runs(ledger) == TASKS


def test_the_leader_looks_for_what_needs_a_person(app, ledger, kwai, bell):
    ledger.change(Target, kwai, state=TargetState.PAUSED, reason_code="auth", reason="Session expired")
    follower = Ticker(app)
    follower._holder = "another process"
    assert take_lease(ledger.engine, "the leader")
    follower.tick()
    assert findings(ledger) == []

    follower._holder = "the leader"
    follower._renew_at = 0.0
    follower.tick()

    assert findings(ledger) == ["token_refused"]


def test_a_look_that_fails_does_not_keep_it_from_its_tasks(app, ledger, bell, caplog):
    with ledger.engine.begin() as connection:
        connection.execute(text("ALTER TABLE finding RENAME TO finding_away"))
    try:
        Ticker(app).tick()
    finally:
        with ledger.engine.begin() as connection:
            connection.execute(text("ALTER TABLE finding_away RENAME TO finding"))

    assert runs(ledger) == TASKS
    assert "could not be looked for" in caplog.text


def test_a_defect_does_not_end_it(app, ledger, caplog):
    ticker = Ticker(app)
    ticker._valkey = None  # whatever it trips over
    ticker.try_to_tick()
    assert "goes on" in caplog.text


def test_every_scheduled_job_exists():
    for task in SCHEDULE:
        module, _, name = task.job.rpartition(".")
        assert callable(getattr(__import__(module, fromlist=[name]), name))


def test_the_process_rings_and_stops_at_once(start, ledger, kwai, bell, wait_for):
    worker = start("ticker")
    ledger.owe(kwai)

    wait_for(lambda: bell.llen(BELL) >= 2, 20)

    assert worker.stop() < 1
    with ledger.engine.connect() as connection:
        assert last_seen(connection) == {}
        assert connection.scalar(select(Lease.until)) <= clock.now()
