"""Taking due deliveries by lease, on both databases."""

from __future__ import annotations

import multiprocessing
import threading
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text

from app.core import clock
from app.core.db import begin_write, prepare_sqlite
from app.core.runtime import runtime
from app.outbound.claim import Take, claim, open_targets
from app.outbound.fence import release
from app.outbound.kinds import Leased
from app.outbound.models import Breaker, Delivery, Status, Target, TargetState

LEASE = {"conversion": timedelta(seconds=30)}


@pytest.fixture
def pixel(make_pixel):
    return make_pixel("kwai")


def claim_all(engine, count=1000, *targets: UUID, room: int = 1000) -> list[Take]:
    with engine.connect() as connection:
        found = [target for target in open_targets(connection) if not targets or target.id in targets]
    with begin_write(engine) as connection:
        return claim(connection, [(target, count) for target in found], clock.now(), LEASE, room)


def rows_of(takes: list[Take]) -> list[Leased]:
    return [row for take in takes for row in take.rows]


def look(ledger):
    with ledger.engine.connect() as connection:
        return open_targets(connection)


def test_the_oldest_are_taken_first_with_a_lease(ledger, pixel):
    old, new = ledger.owe(pixel), ledger.owe(pixel)
    ledger.change(Delivery, old[0], next_at=clock.now() - timedelta(hours=1))

    (row,) = rows_of(claim_all(ledger.engine, 1))

    stored = ledger.delivery(old[0])
    assert (row.id, row.attempts, row.token) == (old[0], 1, stored.lease_token)
    assert (stored.status, stored.attempts) == (Status.LEASED, 1)
    assert 28 < ledger.until(stored.next_at) < 31
    assert ledger.delivery(new[0]).status == Status.PENDING


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_no_plan_of_postgresql_takes_more_than_was_asked(ledger, pixel):
    ledger.owe(pixel, 5)
    seen = look(ledger)

    with begin_write(ledger.engine) as connection:
        for way in ("hashjoin", "mergejoin", "hashagg", "sort", "material"):  # what is left is a nested loop
            connection.execute(text(f"SET LOCAL enable_{way} = off"))
        takes = claim(connection, [(target, 1) for target in seen], clock.now(), LEASE)

    assert len(rows_of(takes)) == 1


def test_what_is_leased_or_not_due_is_left_alone(ledger, pixel):
    ledger.owe(pixel, 2)
    later = ledger.owe(pixel, next_at=clock.now() + timedelta(minutes=1))[0]

    assert len(rows_of(claim_all(ledger.engine))) == 2
    assert rows_of(claim_all(ledger.engine)) == []
    assert ledger.delivery(later).attempts == 0


def test_a_lease_that_ended_is_due_again(ledger, pixel):
    (id,) = ledger.owe(pixel)
    (first,) = rows_of(claim_all(ledger.engine))
    ledger.change(Delivery, id, next_at=clock.now())

    (second,) = rows_of(claim_all(ledger.engine))

    assert (second.id, second.attempts) == (first.id, 2)
    assert second.token != first.token


def test_every_target_gets_its_part_until_there_is_no_room(ledger, pixel, make_pixel):
    other = make_pixel("facebook")
    ledger.owe(pixel, 5)
    ledger.owe(other, 5)

    takes = claim_all(ledger.engine, 2)
    assert sorted((len(take.rows), take.is_dry) for take in takes) == [(2, False), (2, False)]

    assert [len(take.rows) for take in claim_all(ledger.engine, 3, room=3)] == [3]  # the second was not even asked


def test_a_released_row_is_due_at_once_and_burns_no_attempt(ledger, pixel):
    (id,) = ledger.owe(pixel)
    rows = rows_of(claim_all(ledger.engine))

    with begin_write(ledger.engine) as connection:
        release(connection, rows, clock.now())

    stored = ledger.delivery(id)
    assert (stored.status, stored.attempts, stored.lease_token) == (Status.PENDING, 0, None)


def test_a_stale_release_changes_nothing(ledger, pixel):
    (id,) = ledger.owe(pixel)
    stale = rows_of(claim_all(ledger.engine))
    ledger.change(Delivery, id, next_at=clock.now())
    claim_all(ledger.engine)

    with begin_write(ledger.engine) as connection:
        release(connection, stale, clock.now())

    assert (ledger.delivery(id).status, ledger.delivery(id).attempts) == (Status.LEASED, 2)


@pytest.mark.parametrize(
    ("values", "ready_in"),
    [
        ({"state": TargetState.PAUSED}, None),
        ({"not_before": 60}, 60),
        ({"breaker": Breaker.OPEN, "breaker_until": 90, "not_before": 60}, 90),
        ({"breaker": Breaker.OPEN, "breaker_until": -1}, 0),
    ],
    ids=["paused", "throttled", "broken", "time for a probe"],
)
def test_a_target_is_ready_when_nothing_holds_it(ledger, pixel, values, ready_in):
    ledger.owe(pixel)
    now = clock.now()
    ledger.change(Target, pixel, **{
        name: now + timedelta(seconds=value) if isinstance(value, int) else value for name, value in values.items()
    })  # fmt: skip

    (target,) = look(ledger)

    waits = None if target.ready_at is None else max(0, round((target.ready_at - now).total_seconds()))
    assert waits == ready_in


def test_a_deleted_target_is_cancelled_in_parts_even_what_is_not_due(ledger, pixel):
    ledger.owe(pixel, 600, next_at=clock.now() + timedelta(days=1))
    ledger.change(Target, pixel, state=TargetState.DELETED)

    first = claim_all(ledger.engine)
    assert (first[0].cancelled, first[0].rows) == (500, [])
    assert claim_all(ledger.engine)[0].cancelled == 100

    assert (ledger.statuses(), look(ledger)) == ({Status.CANCELLED: 600}, [])


def test_a_call_under_way_to_a_deleted_target_is_not_cancelled(ledger, pixel):
    (id,) = ledger.owe(pixel)
    claim_all(ledger.engine)
    ledger.change(Target, pixel, state=TargetState.DELETED)

    assert claim_all(ledger.engine)[0].cancelled == 0
    ledger.change(Delivery, id, next_at=clock.now())
    assert claim_all(ledger.engine)[0].cancelled == 1


def test_one_probe_goes_to_a_broken_target(ledger, pixel):
    ledger.owe(pixel, 5)
    ledger.change(Target, pixel, breaker=Breaker.OPEN, breaker_until=clock.now())
    seen = look(ledger)

    for expected in (1, 0):  # the second claimer had looked at the same time
        with begin_write(ledger.engine) as connection:
            takes = claim(connection, [(target, 10) for target in seen], clock.now(), LEASE)
        assert len(rows_of(takes)) == expected

    assert ledger.target(pixel).breaker == Breaker.HALF_OPEN
    assert ledger.statuses() == {Status.LEASED: 1, Status.PENDING: 4}


def test_two_threads_share_the_rows_without_overlap(ledger, pixel):
    ledger.owe(pixel, 1500)
    found: list[Leased] = []

    def work() -> None:
        while rows := rows_of(claim_all(ledger.engine, 50)):
            found.extend(rows)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(row.id for row in found).most_common(1)[0][1] == 1
    assert (len(found), ledger.statuses()) == (1500, {Status.LEASED: 1500})


def claim_elsewhere(url: str, told: multiprocessing.Queue) -> None:
    engine = create_engine(url)
    if url.startswith("sqlite"):
        prepare_sqlite(engine)
    mine = []
    while rows := rows_of(claim_all(engine, 20)):
        mine += [row.id for row in rows]
    told.put(mine)


def test_two_processes_share_the_rows_without_overlap(app, ledger, pixel):
    ids = ledger.owe(pixel, 600)
    url = runtime(app).settings.database_url
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    workers = [context.Process(target=claim_elsewhere, args=(url, told)) for _ in range(2)]
    for worker in workers:
        worker.start()

    shares = [told.get(timeout=30) for _ in workers]

    for worker in workers:
        worker.join(10)
    assert sorted(id for share in shares for id in share) == sorted(ids)
