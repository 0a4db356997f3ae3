"""Closed days say what their opens say: when they are closed, after an old open changes, and after a rebuild."""

from __future__ import annotations

import threading
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, event, select, update

from app.core.db import begin_write
from app.core.runtime import runtime
from app.opens import figures
from app.opens.closed import closing
from app.opens.closed.models import Kind, OpenDayHours, OpensClosed, OpenShareDay, OpenShareMonth
from app.opens.figures import OpenFigures, Slice
from app.opens.rebuild import rebuild
from app.opens.rollups import shift
from app.opens.shares import COLUMNS, shares
from app.opens.stats.weekdays import by_weekday_hour
from tests.opens.history import IMAGES, counted, counts, made, random_rows, store
from tests.opens.test_figures import summed, within
from tests.people import new_account

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START, END = datetime(2026, 9, 20, 7, tzinfo=UTC), datetime(2026, 11, 5, 19, tzinfo=UTC)
CLOSED_AT = datetime(2026, 11, 3, 2, tzinfo=UTC)
PERIODS = [
    (None, END),
    (START, END),
    (datetime(2026, 9, 22, 3, tzinfo=UTC), datetime(2026, 11, 4, 3, tzinfo=UTC)),  # days of São Paulo
    (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)),  # a month and nothing else
    (datetime(2026, 10, 25, 22, tzinfo=UTC), datetime(2026, 11, 2, 2, tzinfo=UTC)),
    (datetime(2026, 10, 30, 20, tzinfo=UTC), datetime(2026, 11, 4, 4, tzinfo=UTC)),  # into what is open
    (None, datetime(2026, 10, 14, 5, tzinfo=UTC)),
    (None, START),
]
Rows = list[dict[str, Any]]
TABLES: tuple[Any, ...] = (OpenShareDay, OpenShareMonth, OpenDayHours)


def check(engine: Engine, account_id: UUID, rows: Rows) -> None:
    """Everything that is read of closed days, against a count of the opens."""
    with engine.connect() as connection:
        for start, end in PERIODS:
            _check(connection, account_id, within(rows, start, end), start, end)
        for zone in map(ZoneInfo, ("America/Sao_Paulo", "America/New_York", "Asia/Kolkata")):
            assert by_weekday_hour(connection, account_id, START, END, zone, automatic=True) == weekdays(rows, zone)


def _check(connection: Connection, own: UUID, rows: Rows, start: datetime | None, end: datetime) -> None:
    assert figures.total(connection, own, start, end) == summed(rows)
    hours = figures.by_hour(connection, own, start, end)
    assert sum(hours.values(), OpenFigures()) == summed(rows)
    assert list(hours) == sorted({row["created_at"].replace(minute=0, second=0, microsecond=0) for row in rows})
    assert shares(connection, own, start, end) == {kind: shared(rows, COLUMNS[kind]) for kind in Kind}, (start, end)
    if start is None:
        assert figures.opened_until(connection, own, end) == sum(row["is_first"] for row in rows)


def shared(rows: Rows, name: str) -> dict[tuple[Any, str], Slice]:
    found: defaultdict[tuple[Any, str], Slice] = defaultdict(Slice)
    for row in rows:
        key = row[name] or "", row["class"]
        found[key] += Slice(int(row["is_view"]), 1, int(row["is_first"]), row["hits"])
    return dict(found)


def weekdays(rows: Rows, zone: ZoneInfo) -> list[list[int]]:
    found = [[0] * 24 for _day in range(7)]
    for row in rows:
        wall = row["created_at"].replace(minute=0).astimezone(zone)
        found[wall.weekday()][wall.hour] += row["is_view"]
    return found


def changed(engine: Engine, rows: Rows) -> Rows:
    """Every fifth open judged again or described, one removed, one that came late: as rules and replay do."""
    after = [{**row, "class": "bot", "client": "Gmail"} if place % 5 == 0 else row for place, row in enumerate(rows)]
    late = made(rows[0]["account_id"], START + 5 * DAY, "LATE", kind="prefetch", image_id=IMAGES[1], hits=3)
    pairs = [(counted(old), counted(new)) for old, new in zip(rows, after, strict=True) if old is not new]
    with begin_write(engine) as connection:
        shift(connection, [*pairs, (counted(after[3]), None), (None, counted(late))])
    return [*after[:3], *after[4:], late]


def test_closed_days_say_what_their_opens_say_whatever_happens_to_them(app: Flask) -> None:
    engine, own, other = runtime(app).engine, new_account(app), new_account(app)
    rows = store(engine, random_rows(own, START, END, 400))
    store(engine, random_rows(other, START, END, 40, seed=3))
    assert closing.close(engine, own, CLOSED_AT) > 35
    closing.close_all(engine, CLOSED_AT)
    assert closing.close_all(engine, CLOSED_AT) == 0
    check(engine, own, rows)

    check(engine, own, changed(engine, rows))


def test_a_rebuild_finds_closed_days_wrong_and_puts_them_right(app: Flask) -> None:
    engine, own = runtime(app).engine, new_account(app)
    rows = store(engine, random_rows(own, START + 40 * DAY, END, 60))
    closing.close(engine, own, CLOSED_AT)
    assert rebuild(engine, own, end=END + HOUR).wrong_days == 0
    with begin_write(engine) as connection:
        for model in (OpenShareDay, OpenShareMonth):
            connection.execute(update(model).values(hits=model.hits + 1))
        connection.execute(update(OpenDayHours).values(hours=[1] * 96))

    assert rebuild(engine, own, end=END + HOUR).wrong_days >= 3
    check(engine, own, rows)


def test_opens_of_a_day_that_is_being_closed_are_counted_once(app: Flask) -> None:
    engine, own = runtime(app).engine, new_account(app)
    rows = store(engine, random_rows(own, START + 38 * DAY, END, 60))
    late = [made(own, CLOSED_AT - DAY + place * HOUR, f"LATE{place}") for place in range(10)]

    def arrive() -> None:
        for row in late:
            with begin_write(engine) as connection:
                shift(connection, [(None, counted(row))])

    writer = threading.Thread(target=arrive)
    writer.start()
    closing.close(engine, own, CLOSED_AT)
    writer.join()
    with engine.connect() as connection:
        whole = figures.total(connection, own, None, END)
        assert whole.hits == sum(row["hits"] for row in [*rows, *late])
        assert sum(figures.by_hour(connection, own, None, END).values(), OpenFigures()) == whole
        assert whole.views == sum(map(counts, [*rows, *late]))


def test_nobody_reads_more_than_a_month_of_days(app: Flask) -> None:
    """However long the period: closed months, the days around them, and the hours at its edges."""
    engine, own = runtime(app).engine, new_account(app)
    store(engine, random_rows(own, START, END, 400))
    closing.close(engine, own, CLOSED_AT)
    seen: list[str] = []
    with engine.connect() as connection:
        event.listen(engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
        shares(connection, own, None, END)
        assert connection.scalar(select(OpensClosed.until)) == CLOSED_AT.replace(hour=0)
    assert len(seen) == 4  # until when, closed ones, the rest, and the one above
    assert "open_slice_day" not in seen[1]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_recorded_today_asks_for_no_closed_day(app: Flask) -> None:
    from app.core import clock

    engine, own = runtime(app).engine, new_account(app)
    seen: list[str] = []
    with begin_write(engine) as connection:
        event.listen(engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
        shift(connection, [(None, counted(made(own, clock.now())))])
    assert not seen
