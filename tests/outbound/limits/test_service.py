"""The verbs on limits, counted in both databases, by threads at once too."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.accounts.sign_in import first_account
from app.core import clock
from app.core.db import begin_write, db
from app.core.errors import TooMany, english
from app.core.ids import uuid7
from app.outbound import targets
from app.outbound.limits import counting, service
from app.outbound.limits.models import TargetWindow
from app.outbound.limits.windows import Rates
from app.outbound.models import Target

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def take(ledger, pixel: UUID, count: int = 1) -> int:
    with begin_write(ledger.engine) as connection:
        return service.take(connection, pixel, count)


def left(ledger, pixel: UUID, window: str | None = None) -> int | None:
    with ledger.engine.connect() as connection:
        return service.remaining(connection, pixel, window)


def test_calls_are_taken_until_the_tightest_window_is_full(ledger, limited):
    pixel = limited(per_second=None, per_minute=5, per_hour=7)

    assert (take(ledger, pixel, 3), take(ledger, pixel, 3), take(ledger, pixel, 3)) == (3, 2, 0)

    assert (left(ledger, pixel), left(ledger, pixel, "hour"), left(ledger, pixel, "day")) == (0, 2, None)
    assert 59 < ledger.until(ledger.target(pixel).limited_until) <= 60


def test_a_check_counts_nothing_and_a_refused_call_says_how_many_remain(app, ledger, limited, used):
    pixel = limited(per_hour=2)
    take(ledger, pixel)
    with ledger.engine.connect() as connection:
        assert service.check(connection, pixel, 1).allowed
        asked = service.check(connection, pixel, 2)
    assert (asked.allowed, asked.remaining, 3599 < asked.wait_s <= 3600) == (False, 1, True)
    take(ledger, pixel)

    with pytest.raises(TooMany) as refused, begin_write(ledger.engine) as connection:
        service.spend(connection, pixel)

    with app.test_request_context():
        assert english(refused.value.message) == "The limit is 2 calls an hour: 0 remain. Try again in 1 hour."
    assert refused.value.headers["RateLimit-Policy"] == '"hour";q=2;w=3600'
    assert used(pixel) == {3600: 2}


def test_a_reset_forgets_one_window_or_all(ledger, limited, used):
    pixel = limited(per_minute=5, per_day=5)
    take(ledger, pixel, 5)

    for window, left_over in (("minute", {60: 0, 86_400: 5}), (None, {60: 0, 86_400: 0})):
        with begin_write(ledger.engine) as connection:
            service.reset(connection, pixel, window)
        assert used(pixel) == left_over
        assert ledger.target(pixel).limited_until is None
    assert take(ledger, pixel, 9) == 5


def test_limits_that_are_set_anew_keep_what_was_counted(ledger, limited, limit, used):
    pixel = limited(per_minute=5)
    take(ledger, pixel, 4)

    limit(pixel, per_minute=3, per_hour=9)
    assert (take(ledger, pixel), used(pixel)) == (0, {60: 4, 3600: 0})
    limit(pixel, per_minute=6)
    assert (take(ledger, pixel, 9), used(pixel)) == (2, {60: 6})


def test_calls_go_back_to_the_windows_that_counted_them_and_to_no_later_one(ledger, limited, used, turn_back):
    pixel = limited(per_minute=5, per_hour=50)
    with begin_write(ledger.engine) as connection:
        locked = counting.lock(connection, [pixel])[pixel]
        grant = counting.count(connection, locked, 4)
    turn_back(pixel, "minute", started_at=clock.now(), used=2)  # a new one, meanwhile

    with begin_write(ledger.engine) as connection:
        counting.give_back(connection, [grant])

    assert used(pixel) == {60: 2, 3600: 0}


def test_a_window_begun_in_the_future_counts_as_begun_now(ledger, limited, turn_back):
    pixel = limited(per_minute=5)
    take(ledger, pixel, 4)
    turn_back(pixel, "minute", started_at=clock.now() + timedelta(days=1))

    assert take(ledger, pixel, 4) == 1
    with ledger.engine.connect() as connection:
        begun = connection.scalar(select(TargetWindow.started_at).where(TargetWindow.target_id == pixel))
    assert -5 < ledger.until(begun) <= 0


def test_four_threads_together_take_no_more_than_the_limit(ledger, limited, used):
    pixel = limited(per_minute=50)
    taken: list[int] = []
    threads = [
        threading.Thread(target=lambda: taken.extend(take(ledger, pixel, 3) for _ in range(8))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (sum(taken), len(taken), used(pixel)) == (50, 32, {60: 50})


@SQLITE
def test_a_target_is_made_with_its_limits_and_loses_its_windows_when_deleted(app, ledger, used):
    id = uuid7()
    with app.app_context():
        account_id = first_account(db.session()).id
    with begin_write(ledger.engine) as connection:
        targets.create(connection, id=id, account_id=account_id, kind="conversion", label="x", limits=Rates(per_day=3))
    assert (ledger.target(id).per_day, used(id), take(ledger, id, 9)) == (3, {86_400: 0}, 3)

    with begin_write(ledger.engine) as connection:
        targets.delete(connection, id)
    assert used(id) == {}
    with begin_write(ledger.engine) as connection:
        connection.execute(Target.__table__.delete().where(Target.id == id))
        assert (service.take(connection, id), service.check(connection, id).allowed) == (0, True)


@SQLITE
def test_windows_end_with_the_row_of_their_target(ledger, limited):
    pixel = limited(per_day=3)
    with begin_write(ledger.engine) as connection:
        connection.exec_driver_sql("DELETE FROM pixel")
        connection.execute(Target.__table__.delete().where(Target.id == pixel))
        assert connection.scalar(select(func.count()).select_from(TargetWindow)) == 0
