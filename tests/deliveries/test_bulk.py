"""Replaying and cancelling many: each once, whoever asks, whatever dies on the way."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import audit
from app.accounts.models import AuditEntry
from app.accounts.sign_in import first_account
from app.core import clock, jobs
from app.core.db import db, write
from app.core.errors import Invalid
from app.core.models import Job, JobState
from app.core.runtime import runtime
from app.deliveries import bulk
from app.deliveries.bulk import CountMoved, Replay
from app.deliveries.filters import Filter, State
from app.deliveries.plan import Asked, Plan, Verb, plan
from app.outbound.models import Delivery, Status, Target, TargetState
from app.simulator import Simulator
from tests.deliveries.conftest import Owe
from tests.jobs import run_jobs
from tests.outbound.ledger import Ledger
from tests.people import Browser, new_user, sign_in

DEAD = Filter(State.DEAD)
HOUR = timedelta(hours=1)


def actor() -> Any:
    return audit.system_actor(first_account(db.session()).id)


def planned(app: Flask, asked: Asked) -> Plan:
    with app.app_context():
        return plan(db.session.connection(), actor().account_id, asked, clock.now())


def start(app: Flask, asked: Asked, count: int) -> UUID:
    with app.app_context():
        who = actor()
        with write() as session:
            return bulk.start(session, who, asked, count)


def job_of(app: Flask, id: UUID) -> Job:
    with app.app_context():
        job = db.session.get_one(Job, id)
        db.session.expunge(job)
        return job


def at_once(app: Flask, asked: Asked, confirmed: int) -> int:
    with app.app_context():
        who = actor()
        with write() as session:
            return bulk.at_once(session, who, asked, confirmed)[0].done


class Dying(jobs.Hold):
    """A worker that is killed as it begins its second part."""

    parts = 0

    @contextmanager
    def part(self) -> Iterator[jobs.Part]:
        self.parts += 1
        if self.parts > 1:
            raise KeyboardInterrupt
        with super().part() as part:
            yield part


def test_a_plan_says_what_stays_as_it_is(
    app: Flask, make_pixel: Callable[..., UUID], owe: Owe, dead: Owe, ledger: Ledger
) -> None:
    sends, paused, gone = make_pixel("kwai"), make_pixel("facebook"), make_pixel("kwai", "777")
    dead(sends, 3)
    dead(sends, 2, expires_at=clock.now() - HOUR)
    dead(paused, 4)
    dead(gone)
    owe(sends, status="cancelled", error="consent")
    owe(sends, 2)
    ledger.change(Target, paused, state=TargetState.PAUSED)
    ledger.change(Target, gone, state=TargetState.DELETED)

    replay = planned(app, Asked(Verb.REPLAY, DEAD))
    assert (replay.count, replay.too_old, replay.deleted, replay.paused, replay.ready) == (10, 2, 1, 4, 7)
    assert planned(app, Asked(Verb.REPLAY, DEAD, include_old=True)).ready == 9
    assert planned(app, Asked(Verb.REPLAY, Filter(State.CANCELLED))).consent == 1
    cancel = planned(app, Asked(Verb.CANCEL, DEAD))
    assert (cancel.count, cancel.ready, cancel.paused) == (10, 10, 4)
    assert planned(app, Asked(Verb.CANCEL, Filter(State.OPEN))).count == 2
    for asked in (Asked(Verb.REPLAY, Filter()), Asked(Verb.REPLAY, Filter(State.DONE)), Asked(Verb.CANCEL, Filter())):
        with pytest.raises(Invalid):
            planned(app, asked)


def test_a_few_are_replayed_at_once_and_noted(
    app: Flask, make_pixel: Callable[..., UUID], owe: Owe, dead: Owe, ledger: Ledger
) -> None:
    pixel = make_pixel()
    mine, others = dead(pixel, 3), [*dead(pixel, 2, error="expired"), *owe(pixel, status="done")]
    asked = Asked(Verb.REPLAY, Filter(State.DEAD, ids=tuple(mine + others)))

    with pytest.raises(CountMoved) as moved:
        at_once(app, asked, 3)
    assert (moved.value.plan.count, ledger.statuses()["dead"]) == (5, 5)
    assert at_once(app, asked, 5) == 5
    assert ledger.statuses() == {"pending": 5, "done": 1}
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "deliveries.replayed")).one()
        assert entry.changes == {"filter": [None, asked.filter.to_json()], "number": [None, 5]}


def test_thousands_are_replayed_by_a_job_that_leaves_out_what_is_too_old(
    app: Flask, make_pixel: Callable[..., UUID], dead: Owe, ledger: Ledger
) -> None:
    pixel = make_pixel()
    dead(pixel, 1100)
    dead(pixel, 100, expires_at=clock.now() - HOUR)
    id = start(app, Asked(Verb.REPLAY, DEAD), 1200)
    dead(pixel, 5, done_at=clock.now() + HOUR)  # after the person confirmed

    assert run_jobs(app) == 1
    job = job_of(app, id)
    assert (job.state, job.total, job.done, job.skipped) == (JobState.DONE, 1200, 1100, 100)
    assert job.result == {"tooOld": 100}
    with app.test_request_context():
        assert Replay(runtime(app)).words(job) == "1.100 entregas serão reenviadas. 100 eram antigas demais."
    assert ledger.statuses() == {"pending": 1100, "dead": 105}


def test_a_killed_worker_s_job_goes_on_and_nothing_goes_twice(
    app: Flask, make_pixel: Callable[..., UUID], dead: Owe, ledger: Ledger, travel: Callable[[timedelta], None]
) -> None:
    dead(make_pixel(), 1200)
    id = start(app, Asked(Verb.REPLAY, DEAD), 1200)
    state = runtime(app)
    ledger.change(Job, id, state=JobState.RUNNING, lease_token="first", lease_until=clock.now() + jobs.hold.LEASE)
    job = job_of(app, id)
    first = Dying(state, id, job.kind, job.account_id, None, job.params, None, "first")
    with pytest.raises(KeyboardInterrupt):
        Replay(state).run(first)
    assert ledger.statuses() == {"pending": 500, "dead": 700}
    half = [row.id for row in ledger.deliveries() if row.status == Status.PENDING]
    ledger.change(
        Delivery, half[0], status=Status.DEAD, done_at=clock.now() + HOUR
    )  # sent meanwhile, and refused again

    travel(timedelta(minutes=2))
    run_jobs(app)
    job = job_of(app, id)
    assert (job.state, job.done, job.skipped) == (JobState.DONE, 1200, 0)
    assert Counter(row.generation for row in ledger.deliveries()) == {1: 1200}


def test_two_people_at_once_send_each_once(
    app: Flask, make_pixel: Callable[..., UUID], dead: Owe, ledger: Ledger
) -> None:
    dead(make_pixel(), 400)
    asked = Asked(Verb.REPLAY, DEAD)
    start_line, done = threading.Barrier(2), []

    def person() -> None:
        start_line.wait()
        try:
            done.append(at_once(app, asked, 400))
        except CountMoved:
            done.append(0)

    threads = [threading.Thread(target=person) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sum(done) == 400
    assert Counter(row.generation for row in ledger.deliveries()) == {1: 400}


def test_cancelling_many_leaves_what_is_in_a_worker_s_hands(
    app: Flask, make_pixel: Callable[..., UUID], owe: Owe, ledger: Ledger
) -> None:
    pixel = make_pixel()
    owe(pixel, 600)
    owe(pixel, 2, status="leased", next_at=clock.now() + HOUR, lease_token="somebody")
    id = start(app, Asked(Verb.CANCEL, Filter(State.OPEN)), 602)

    run_jobs(app)
    job = job_of(app, id)
    assert (job.done, job.skipped, ledger.statuses()) == (600, 2, {"cancelled": 600, "leased": 2})


def test_two_managers_press_replay_at_once_and_the_platform_hears_each_once(
    app: Flask,
    manager: Browser,
    make_pixel: Callable[..., UUID],
    dead: Owe,
    ledger: Ledger,
    simulator: Simulator,
    drain: Callable[..., None],
) -> None:
    dead(make_pixel(), 30)
    people = [manager, sign_in(app, new_user(app, "manager"))]
    start_line, answers = threading.Barrier(2), []

    def press(person: Browser) -> None:
        start_line.wait()
        answers.append(person.submit("/deliveries/replay", {"state": "dead", "confirm_count": "30"}).status_code)

    threads = [threading.Thread(target=press, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    drain()

    assert sorted(answers) in ([303, 409], [303, 303])  # too late to count again: nothing was left to send
    assert ledger.statuses() == {"done": 30}
    counts = simulator.counts()
    assert (counts["events"], counts["unique"], counts["duplicates"]) == (30, 30, 0)
