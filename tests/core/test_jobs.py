"""Long work: done once, carried on where a dead worker left it, stopped when a person says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.accounts.sign_in import first_account
from app.core import jobs
from app.core.db import begin_write, db, write
from app.core.errors import Conflict
from app.core.ids import uuid7
from app.core.jobs.asking import MAX_OPEN
from app.core.jobs.hold import FILE_PART, LEASE
from app.core.jobs.running import MAX_TRIES
from app.core.models import Job, JobPart
from app.core.runtime import runtime
from tests.jobs import run_jobs
from tests.people import asking_again


class Killed(BaseException):
    """What a SIGKILL is to the code around it."""


class Count(jobs.LongJob):
    """Counts to `params["to"]`, five a part; may die, fail, or write a file on its way."""

    title = _l("Count")
    permission = "deliveries.replay"
    back = "jobs.index"
    seen: list[int] = []  # noqa: RUF012 - what all runs of a test counted

    def run(self, hold):
        while (at := (hold.cursor or {}).get("at", 0)) < hold.params["to"]:
            with hold.part() as part:
                part.done, part.cursor = 5, {"at": at + 5}
            self.seen.append(at)
            if hold.params.get("dies_at") == at and self.seen.count(at) == 1:
                raise Killed
            if hold.params.get("fails_at") == at:
                raise ValueError("a secret is in here")
            if hold.params.get("stops_at") == at:
                stop(self.runtime, hold.job_id)
        if hold.params.get("file"):
            with hold.file("numbers.csv", "text/csv") as out:
                out.write(b"x" * hold.params["file"])
        return {"counted": hold.params["to"]}

    def words(self, job):
        return f"{job.result['counted']} <b>counted</b>"


def stop(state, job_id):
    with begin_write(state.engine) as connection:
        job = connection.execute(select(Job.id).where(Job.id == job_id)).one()
        jobs.ask_to_stop(connection, job)


@pytest.fixture(autouse=True)
def counting(monkeypatch):
    monkeypatch.setitem(jobs.KINDS, "count", "tests.core.test_jobs:Count")
    Count.seen.clear()


@pytest.fixture
def start(app):
    def begin(**params):
        with app.app_context(), write() as session:
            return jobs.start(
                session.connection(), account_id=first_account(session).id, kind="count", params=params, total=20
            )

    return begin


@pytest.fixture
def job(app):
    def find(id_):
        with app.app_context():
            db.session.rollback()
            return db.session.get(Job, id_)

    return find


def test_a_job_is_done_once_and_says_what_came_of_it(app, start, job):
    id_ = start(to=20)
    assert run_jobs(app) == 1
    assert run_jobs(app) == 0
    done = job(id_)
    assert (done.state, done.done, done.total, done.result) == ("done", 20, 20, {"counted": 20})
    assert Count.seen == [0, 5, 10, 15]


def test_another_worker_goes_on_where_a_killed_one_stopped(app, start, job, travel):
    id_ = start(to=20, dies_at=5)
    with pytest.raises(Killed):
        run_jobs(app)
    assert run_jobs(app) == 0  # its lease still runs
    travel(LEASE + timedelta(seconds=1))
    run_jobs(app)
    assert Count.seen == [0, 5, 10, 15]
    assert (job(id_).state, job(id_).done, job(id_).tries) == ("done", 20, 2)


def test_a_worker_whose_lease_ended_writes_nothing_more(app, start, job, travel):
    id_ = start(to=20)
    from app.core.jobs.running import _take

    stale = _take(runtime(app), id_)
    travel(LEASE + timedelta(seconds=1))
    run_jobs(app)
    with pytest.raises(jobs.Stopped), stale.part() as part:
        part.done = 1000
    assert job(id_).done == 20


def test_a_job_that_kills_its_workers_is_given_up(app, start, job, travel):
    id_ = start(to=20, dies_at=0)
    for _ in range(MAX_TRIES):
        with begin_write(runtime(app).engine) as connection:
            connection.execute(Job.__table__.update().values(cursor=None))
        Count.seen.clear()
        with pytest.raises(Killed):
            run_jobs(app)
        travel(LEASE + timedelta(seconds=1))
    run_jobs(app)
    assert (job(id_).state, job(id_).error) == ("failed", "gave up")


def test_nobody_fills_the_queue_of_all(app, start, other_admin):
    own = [start(to=5) for _ in range(MAX_OPEN)]
    with pytest.raises(Conflict, match="wait or run already"):
        start(to=5)
    with app.app_context(), write() as session:
        jobs.start(session.connection(), account_id=other_admin.person.account_id, kind="count", params={"to": 5})
    assert run_jobs(app) == len(own) + 1
    start(to=5)


def test_a_failure_is_noted_without_its_text(app, start, job):
    id_ = start(to=20, fails_at=5)
    run_jobs(app)
    assert (job(id_).state, job(id_).error, job(id_).done) == ("failed", "ValueError", 10)


@pytest.mark.parametrize("when", ["queued", "running"])
def test_a_person_stops_a_job(app, start, job, when):
    id_ = start(to=20, stops_at=5 if when == "running" else None)
    if when == "queued":
        stop(runtime(app), id_)
    run_jobs(app)
    assert (job(id_).state, job(id_).done) == ("cancelled", 10 if when == "running" else 0)


def test_the_file_of_a_job_is_fetched_whole_by_who_may(app, start, admin, viewer, other_admin):
    size = FILE_PART + 7
    id_ = start(to=5, file=size)
    run_jobs(app)
    answer = admin.get(f"/jobs/{id_}/file")
    assert (answer.status_code, len(answer.data), answer.headers["Content-Length"]) == (200, size, str(size))
    assert answer.headers["Content-Disposition"] == "attachment; filename=numbers.csv"
    assert viewer.get(f"/jobs/{id_}/file").status_code == 403
    assert other_admin.get(f"/jobs/{id_}/file").status_code == 404


def test_a_file_is_gone_after_its_time(app, start, admin, travel):
    id_ = start(to=5, file=10)
    run_jobs(app)
    travel(timedelta(days=8))
    assert admin.get(f"/jobs/{id_}/file").status_code in (303, 404)  # the session may have ended too
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(JobPart)) == 1


def test_the_page_shows_progress_and_is_silent_while_nothing_moves(app, start, admin):
    id_ = start(to=20)
    page = admin.get(f"/jobs/{id_}").text
    assert 'data-refresh="1"' in page
    asking = asking_again(page, f"/jobs/{id_}")
    assert admin.get(f"/jobs/{id_}", headers=asking).status_code == 204
    run_jobs(app)
    page = admin.get(f"/jobs/{id_}", headers=asking).text
    assert "20 &lt;b&gt;counted&lt;/b&gt;" in page
    assert "data-refresh" not in page
    assert f"/jobs/{id_}" in admin.get("/jobs").text


def test_stopping_by_page_and_by_api(app, start, admin, admin_token):
    first, second = start(to=20), start(to=20)
    assert admin.submit(f"/jobs/{first}/stop").status_code == 303
    client = app.test_client()
    assert client.post(f"/api/jobs/{second}/stop", headers=admin_token).status_code == 202
    assert client.get(f"/api/jobs/{second}", headers=admin_token).get_json()["state"] == "cancelled"
    assert client.post(f"/api/jobs/{second}/stop", headers=admin_token).status_code == 409
    assert run_jobs(app) == 0


def test_odd_and_foreign_ids_are_absent(app, admin, admin_token, viewer_token, start):
    id_ = start(to=5)
    for odd in ("x", str(uuid7()), "%00", "a" * 300):
        assert admin.get(f"/jobs/{odd}").status_code in (400, 404)
        assert app.test_client().get(f"/api/jobs/{odd}", headers=admin_token).status_code == 404
    assert app.test_client().get(f"/api/jobs/{id_}", headers=viewer_token).status_code == 403


def test_only_who_started_it_or_may_drop_deliveries_stops_a_job(app, start, monkeypatch, viewer, manager):
    monkeypatch.setattr(Count, "permission", "overview.view")
    id_ = start(to=20)
    assert "/stop" not in viewer.get(f"/jobs/{id_}").text
    assert viewer.submit(f"/jobs/{id_}/stop").status_code == 403
    with begin_write(runtime(app).engine) as connection:
        connection.execute(Job.__table__.update().values(created_by=viewer.person.id))
    assert f"/jobs/{id_}/stop" in viewer.get(f"/jobs/{id_}").text
    assert viewer.submit(f"/jobs/{id_}/stop").status_code == 303
    assert manager.submit(f"/jobs/{start(to=20)}/stop").status_code == 303
