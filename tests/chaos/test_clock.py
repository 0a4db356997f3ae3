"""Clocks that step and drift: nothing is lost, nothing goes out twice but what was in hand, nothing waits longer than
the step.

What is documented: leases and due times are wall time, so that all hosts understand them. A step ahead by more than a
lease lets what is in hand look abandoned (it goes out once more, as after a kill); a step back holds up what was
accepted or put off under the old time, at most by the step. Deadlines, waits for answers and what a worker holds are
monotonic, and notice nothing.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.accounts import tokens
from app.core import clock, partition_upkeep
from app.core.ids import created_at, uuid7
from app.core.runtime import runtime
from app.outbound.models import IS_OPEN, Delivery
from app.tracking.models import TrackedEvent
from app.work.ticker import take_lease
from tests.chaos.harness import World
from tests.tracking_fixtures import (
    ASYNC,
    KWAI_REGISTRATION,
    drain,
    make_pixel,
    make_sender,
    sender,
    settings,
    simulator,
)

__all__ = ["drain", "make_pixel", "make_sender", "sender", "settings", "simulator"]
pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

HOUR, DAY = 3600, 86_400
REST_S = 1.2  # between two steps
SLACK_S = 5.0


class WrongClock:
    """The clock of all processes of a world, and what its steps held up. What was in somebody's hands while it stepped
    is noted in the world, as at a kill."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.world: World | None = None
        self.held_up: list[float] = []  # seconds, the longest after each step
        self._by = 0.0

    def turn(self, seconds: float) -> None:
        self._by = seconds
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds}", "ascii")
        new.rename(self.file)

    def step(self, seconds: float) -> None:
        before = self.world.books.leased()
        self.turn(seconds)
        time.sleep(0.1)  # all processes have seen it
        self.world.in_hand.append(before | self.world.books.leased())
        time.sleep(REST_S)
        self.held_up.append(self.longest_wait_s())

    def longest_wait_s(self) -> float:
        """For how long, by the wrong clock, the last one waits of what is not delivered."""
        with self.world.books.engine.connect() as connection:
            last = connection.scalar(select(func.max(Delivery.next_at)).where(IS_OPEN))
        now = datetime.now(UTC) + timedelta(seconds=self._by)
        return max(0.0, (last - now).total_seconds()) if last else 0.0


@pytest.fixture
def wrong_clock(tmp_path):
    return WrongClock(tmp_path / "clock")


def run(new_world, wrong_clock, database, test, seconds, mischief):
    with new_world(database, WORKERS=2, **{clock.VARIABLE: wrong_clock.file}) as world:
        wrong_clock.world = world
        report, found = world.run(test, 1, seconds, mischief)
        assert world.end_in_order() == "ok"
    return report, found


@pytest.mark.long
@pytest.mark.parametrize("steps", [(HOUR, 0, HOUR), (-DAY, 0, DAY, 0, HOUR, DAY)])  # ends ahead: nothing is waited for
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_steps_lose_nothing_and_double_only_what_was_in_hand(new_world, wrong_clock, tell, database, steps):
    def step_again_and_again(until):
        time.sleep(1)
        for seconds in steps:
            wrong_clock.step(seconds)
        waits = ", ".join(f"{each:.0f}" for each in wrong_clock.held_up)
        wrong_clock.world.notes.append(f"The longest waits after each step: {waits} s")

    report, found = run(new_world, wrong_clock, database, f"clock steps {steps}", 1, step_again_and_again)

    tell(report)
    assert (found.lost, found.wrong) == ([], [])
    assert found.duplicates <= report.in_hand_at_kills
    assert max(wrong_clock.held_up) <= max(map(abs, steps)) + SLACK_S
    assert set(report.answers) <= {200, 202, 500, 503}


@pytest.mark.long
@pytest.mark.parametrize(("database", "rate"), [("sqlite", 0.1), ("sqlite", -0.1), ("postgresql", 0.1)])
def test_a_slow_drift_is_not_noticed(new_world, wrong_clock, tell, database, rate):
    def drift(until):
        started = time.monotonic()
        while time.monotonic() < until:
            wrong_clock.turn((time.monotonic() - started) * rate)
            time.sleep(0.1)

    report, found = run(new_world, wrong_clock, database, f"clock drifts by {rate:+.0%}", 4, drift)

    tell(report)
    assert (found.lost, found.duplicates, found.wrong) == ([], 0, [])


# -- one process, both databases ------------------------------------------------------------------------------------


def test_what_is_put_off_comes_neither_early_nor_later_than_the_step(app, sender, drain, simulator, travel):
    simulator.behave(kind="error", status=503, times=1)
    sender.post(KWAI_REGISTRATION, **ASYNC)
    drain()
    with runtime(app).engine.connect() as connection:
        due = connection.scalar(select(Delivery.next_at).where(IS_OPEN))

    travel(timedelta(hours=-1))
    drain()
    assert simulator.arrivals.total() == 0  # not early
    assert (due - clock.now()) < timedelta(hours=1, seconds=SLACK_S)

    travel(timedelta(hours=1, seconds=SLACK_S))
    drain()
    assert simulator.arrivals.total() == 1


def test_ids_and_what_is_found_by_them_follow_the_clock(app, sender, travel):
    for days in (0, 1, -2, 400):
        travel(timedelta(days=days))
        answer = sender.post({**KWAI_REGISTRATION, "event_id": f"day {days}"}, **ASYNC).get_json()

        assert abs(created_at(uuid7()) - clock.now()) < timedelta(seconds=SLACK_S)
        assert sender.status(answer["request_id"])["event_id"] == f"day {days}"


def test_rows_of_a_far_future_are_caught_and_get_their_partition_when_it_comes(app, sender, travel):
    engine = runtime(app).engine
    travel(timedelta(days=400))
    request_id = sender.post(KWAI_REGISTRATION, **ASYNC).get_json()["request_id"]

    partition_upkeep.keep_ahead(engine, clock.now())

    assert sender.status(request_id)["status"] == "pending"
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM tracked_event_default").scalar() == 0
            where = select(TrackedEvent.__table__.c.id).select_from(TrackedEvent)
            assert len(connection.execute(where).all()) == 1


# -- leads and people -----------------------------------------------------------------------------------------------


def test_the_lead_is_taken_over_though_the_clock_went_back(app, travel):
    engine = runtime(app).engine
    travel(timedelta(days=1))
    assert take_lease(engine, "one")

    travel(timedelta(days=-1))

    assert take_lease(engine, "two")
    assert not take_lease(engine, "one")


def test_no_access_token_is_good_before_or_after_its_time_whatever_the_clock_does(app, travel):
    claims = tokens.Claims(uuid7(), uuid7())
    issued = tokens.issue(runtime(app).settings, claims, clock.now())

    def is_good():
        return tokens.read(runtime(app).settings, issued, clock.now()) is not None

    assert is_good()
    travel(timedelta(hours=-1))
    assert not is_good()  # from the future: its session gives a new one
    travel(timedelta(hours=2))
    assert not is_good()
    travel(timedelta(hours=-1))
    assert is_good()


def test_who_is_signed_in_stays_so_through_an_hour_and_not_through_a_day(admin, travel):
    for hours, status in ((1, 200), (-2, 200), (2, 200), (24, 303)):
        travel(timedelta(hours=hours))
        assert admin.get("/profile").status_code == status
