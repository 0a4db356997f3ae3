"""What the months of PostgreSQL mean for those who read, and for figures when a month goes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from app.core import clock, partitions
from app.core.ids import created_at
from app.core.runtime import runtime
from app.opens.log import reading
from app.opens.log.filters import Filters as OpenFilters
from app.opens.models import Open, OpenHour
from app.outbound.models import Attempt, DeliveryHour
from app.tracking import detail, log
from app.tracking.filters import Filters
from app.tracking.models import TrackedEvent
from app.work import retention
from tests.opens.opens_fixtures import account_of, asked, record
from tests.outbound.conftest import ledger
from tests.outbound.ledger import Ledger
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

__all__ = ["drain", "ledger", "make_pixel", "make_sender", "sender", "settings", "simulator"]

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
DAY = timedelta(days=1)
READ = re.compile(r" on ((?:tracked_event|attempt|email_open)_(?:p\d{6}|default)) [^\n]*\(actual ")


@pytest.fixture
def months_back(app: Flask) -> Iterator[Callable[[int], datetime]]:
    """`months_back(3)`: the middle of that month; there are partitions of the last 15."""
    engine = runtime(app).engine
    now = clock.now()
    with engine.begin() as connection:
        before = {table: partitions.names(connection, table) for table in partitions.PARTITIONED}
        for table in partitions.PARTITIONED:
            partitions.ensure(connection, table, now - 450 * DAY, months_ahead=14)
    yield lambda number: partitions.month_of(now - number * 30.5 * DAY) + 14 * DAY
    with engine.begin() as connection:
        for table, there in before.items():
            for name in set(partitions.names(connection, table)) - set(there):
                connection.execute(text(f"DROP TABLE {name}"))


@contextmanager
def partitions_read(app: Flask) -> Iterator[set[str]]:
    """The partitions that SELECTs look into, as PostgreSQL does them."""
    found: set[str] = set()

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.lstrip().startswith("SELECT") and re.search(r"\b(tracked_event|attempt|email_open)\b", statement):
            plan = cursor.connection.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {statement}", parameters)
            found.update(READ.findall("\n".join(line for (line,) in plan)))

    engine = runtime(app).engine
    event.listen(engine, "before_cursor_execute", explain)
    yield found
    event.remove(engine, "before_cursor_execute", explain)


def owe(ledger: Ledger, pixel: UUID, travel: Callable[[timedelta], None], at: datetime) -> UUID:
    """An event of that time with its delivery, due now."""
    step = at - clock.now()
    travel(step)
    (id_,) = ledger.owe(pixel, expires_at=at + timedelta(days=3650))
    travel(-step)
    return id_


def test_what_knows_an_id_reads_one_partition(
    app: Flask, ledger: Ledger, make_pixel: Any, travel: Any, months_back: Any, drain: Any
) -> None:
    id_ = owe(ledger, make_pixel("kwai"), travel, months_back(3))
    own, month = account_of(app), f"tracked_event_p{created_at(id_):%Y%m}"
    with partitions_read(app) as found, app.app_context(), Session(runtime(app).engine) as session:
        assert detail.get(session, own, id_).event.id == id_
    assert {name for name in found if name.startswith("tracked")} == {month}

    with partitions_read(app) as found:
        drain()  # takes the event up, sends it, settles it
    assert {name for name in found if name.startswith("tracked")} == {month}
    assert [row.outcome for row in ledger.attempts(id_)] == ["sent"]


def test_a_repeat_reads_the_partition_of_the_first_one(app: Flask, sender: Any, travel: Any, months_back: Any) -> None:
    first = sender.post({**KWAI_REGISTRATION, "event_id": "one"}, **ASYNC).get_json()
    with partitions_read(app) as found:
        assert sender.post({**KWAI_REGISTRATION, "event_id": "one"}, **ASYNC).get_json()["duplicate"]
        assert sender.status(first["request_id"])["event_id"] == "one"
    this_month = f"tracked_event_p{clock.now():%Y%m}"
    assert {name for name in found if name.startswith("tracked")} == {this_month}


def test_attempts_are_not_looked_for_before_their_event(
    app: Flask, ledger: Ledger, make_pixel: Any, travel: Any, months_back: Any
) -> None:
    at = months_back(1)
    id_ = owe(ledger, make_pixel("kwai"), travel, at)
    with partitions_read(app) as found, app.app_context(), Session(runtime(app).engine) as session:
        detail.get(session, account_of(app), id_)
    tried = sorted(name for name in found if name.startswith("attempt_p"))
    assert tried[0] == f"attempt_p{at:%Y%m}"


PERIODS: dict[str, Callable[[Session, UUID, datetime, datetime], object]] = {
    "the event log": lambda session, own, start, end: log.search(session, own, Filters(start=start, end=end)),
    "the log of opens": lambda session, own, start, end: reading.search(
        session, own, OpenFilters(start=start, end=end)
    ),
}


@pytest.mark.parametrize("name", PERIODS)
def test_a_period_reads_its_own_months(app: Flask, name: str, months_back: Any) -> None:
    start, end = months_back(5), months_back(4)
    with partitions_read(app) as found, app.app_context(), Session(runtime(app).engine) as session:
        PERIODS[name](session, account_of(app), start, end)
    assert {one.rsplit("_p", 1)[-1] for one in found} == {f"{start:%Y%m}", f"{end:%Y%m}"}


def test_a_load_looks_for_others_of_its_id_in_this_month_alone(app: Flask, months_back: Any) -> None:
    at = partitions.month_of(clock.now()) + DAY  # the window before it lies in the same month
    record(app, [asked(at=at)])
    with partitions_read(app) as found:
        record(app, [asked(at=at + timedelta(seconds=1))])
    assert found == {f"email_open_p{at:%Y%m}"}


def test_figures_stay_when_months_go(
    app: Flask, ledger: Ledger, make_pixel: Any, travel: Any, months_back: Any, drain: Any
) -> None:
    old, pixel = months_back(14), make_pixel("kwai")
    record(app, [asked(f"F{number}", at=old) for number in range(3)])
    owe(ledger, pixel, travel, old)
    owe(ledger, pixel, travel, months_back(2))
    drain()
    before = _figures(app)
    assert (before["opens"], before["events"]) == (3, 2)

    removed = retention.clean_up(app)

    assert {"email_open", "tracked_event"} <= {name for name, count in removed.items() if count}
    after = _figures(app)
    assert (after["opens"], after["events"]) == (0, 1)
    assert (after["open_hour"], after["delivery_hour"]) == (before["open_hour"], before["delivery_hour"]) == (3, 2)
    with runtime(app).engine.connect() as connection:  # nothing that was to go is left
        cutoff = clock.now() - retention_of(app)
        assert not any(partitions.ended_before(connection, table, cutoff) for table in partitions.PARTITIONED)


def retention_of(app: Flask) -> timedelta:
    return runtime(app).settings.retention_days * DAY


def _figures(app: Flask) -> dict[str, int]:
    wanted = {
        "opens": select(func.count()).select_from(Open),
        "events": select(func.count()).select_from(TrackedEvent),
        "attempts": select(func.count()).select_from(Attempt),
        "open_hour": select(func.sum(OpenHour.views)),
        "delivery_hour": select(func.sum(DeliveryHour.accepted)),
    }
    with runtime(app).engine.connect() as connection:
        return {name: connection.scalar(statement) or 0 for name, statement in wanted.items()}
