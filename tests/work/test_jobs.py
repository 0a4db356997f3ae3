"""`worker.py jobs` as a process."""

from __future__ import annotations

import time

import pytest
import redis
from rq.registry import FailedJobRegistry

from app.core.heartbeat import last_seen
from app.core.models import Heartbeat
from app.work.rq_workers import JOBS_QUEUE, queue_of

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what matters here is Valkey


@pytest.fixture
def jobs(valkey):
    with redis.Redis.from_url(valkey.url) as client:
        yield queue_of(JOBS_QUEUE, client)


def is_alive(ledger):
    with ledger.engine.connect() as connection:
        return "jobs" in last_seen(connection)


def test_it_runs_the_retention_job_and_stops(start, jobs, ledger, wait_for, settings):
    worker = start("jobs")
    wait_for(lambda: is_alive(ledger), 20)

    job = jobs.enqueue("app.work.retention.job", result_ttl=60)

    wait_for(lambda: job.get_status(refresh=True) == "finished", 30)
    assert worker.stop() < 4  # it looks after the job's process each two seconds
    assert not is_alive(ledger)


@ON_SQLITE
def test_a_stop_ends_the_running_job_too(start, jobs, wait_for):
    worker = start("jobs")
    job = jobs.enqueue("time.sleep", 60)
    wait_for(lambda: job.get_status(refresh=True) == "started", 20)
    time.sleep(0.3)

    assert worker.stop() < 2

    assert job.id in FailedJobRegistry(queue=jobs).get_job_ids(cleanup=False)


@ON_SQLITE
def test_it_says_that_it_lives_while_a_job_runs(start, jobs, ledger, wait_for):
    worker = start("jobs")
    job = jobs.enqueue("time.sleep", 60)
    wait_for(lambda: job.get_status(refresh=True) == "started", 20)
    with ledger.engine.begin() as connection:
        connection.execute(Heartbeat.__table__.delete())

    wait_for(lambda: is_alive(ledger), 10)

    worker.stop()


@ON_SQLITE
def test_a_job_outlives_a_valkey_that_dies(start, valkey, jobs, ledger, wait_for, tmp_path):
    worker = start("jobs")
    done = tmp_path / "done"
    jobs.enqueue("tests.work.chores.slowly", str(done), 4)
    wait_for((tmp_path / "done.begun").exists, 20)

    valkey.kill()

    wait_for(done.exists, 10)
    valkey.start()
    job = jobs.enqueue("tests.work.chores.slowly", str(tmp_path / "next"), 0)
    wait_for(lambda: job.get_status(refresh=True) == "finished", 20)
    worker.stop()


@ON_SQLITE
def test_it_waits_for_a_valkey_that_is_not_there_yet(start, valkey, jobs, ledger, wait_for, tmp_path):
    valkey.kill()
    worker = start("jobs")
    wait_for(lambda: is_alive(ledger), 20)

    valkey.start()
    jobs.enqueue("tests.work.chores.slowly", str(tmp_path / "done"), 0)

    wait_for((tmp_path / "done").exists, 20)
    assert worker.stop() < 2
