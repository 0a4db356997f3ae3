"""Figures read back equal a count of the opens themselves, at every edge of days and zones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, event, insert

from app.core.runtime import runtime
from app.opens import figures
from app.opens.figures import OpenFigures, Slice
from app.opens.models import COUNTED, OpenMissHour
from app.opens.stats.weekdays import by_weekday_hour, stretches
from tests.opens.history import counts, random_rows, store
from tests.people import new_account

START, END = datetime(2026, 10, 30, 5, tzinfo=UTC), datetime(2026, 11, 4, 19, tzinfo=UTC)
HOUR = timedelta(hours=1)
PERIODS = [
    (START, END),
    (None, END),
    (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)),  # whole days only
    (datetime(2026, 11, 1, 3, tzinfo=UTC), datetime(2026, 11, 2, 3, tzinfo=UTC)),  # a day of São Paulo: none is whole
    (datetime(2026, 11, 1, 23, tzinfo=UTC), datetime(2026, 11, 2, 1, tzinfo=UTC)),  # over a midnight
    (datetime(2026, 11, 1, 7, tzinfo=UTC), datetime(2026, 11, 1, 8, tzinfo=UTC)),
    (datetime(2026, 11, 1, 7, tzinfo=UTC), datetime(2026, 11, 1, 7, tzinfo=UTC)),  # nothing
    (datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)),  # backwards
    (datetime(2026, 10, 31, 18, tzinfo=UTC), datetime(2026, 11, 3, 9, tzinfo=UTC)),
    (None, datetime(2026, 11, 1, tzinfo=UTC)),
    (None, datetime(2020, 1, 1, tzinfo=UTC)),
]
Rows = list[dict[str, Any]]


def within(rows: Rows, start: datetime | None, end: datetime | None) -> Rows:
    return [
        row
        for row in rows
        if (start is None or row["created_at"] >= start) and (end is None or row["created_at"] < end)
    ]


def summed(rows: Rows) -> OpenFigures:
    return OpenFigures(
        sum(counts(row) for row in rows),
        sum(row["is_view"] and row["class"] not in COUNTED for row in rows),
        sum(row["is_first"] for row in rows),
        sum(row["hits"] for row in rows),
    )


def sliced(rows: Rows, by: tuple[str, ...]) -> dict[tuple[Any, ...], Slice]:
    found: dict[tuple[Any, ...], Slice] = {}
    for row in rows:
        key = tuple(row[name] or "" if name in ("client", "device") else row[name] for name in by)
        found[key] = found.get(key, Slice()) + Slice(int(row["is_view"]), 1, int(row["is_first"]), row["hits"])
    return found


def test_figures_equal_a_count_of_the_opens(app: Flask) -> None:
    engine = runtime(app).engine
    own, other = new_account(app), new_account(app)
    rows = store(engine, random_rows(own, START, END, 700))
    store(engine, random_rows(other, START, END, 50, seed=8))
    with engine.connect() as connection:
        for start, end in PERIODS:
            _check(connection, own, within(rows, start, end), start, end)
        assert figures.total(connection, own, START, None) == summed(rows)
        assert figures.opened_until(connection, own, None) == sum(row["is_first"] for row in rows)
        with pytest.raises(ValueError, match="sliced by"):
            figures.slices(connection, own, None, END, by=("hits",))


def _check(connection: Connection, own: Any, rows: Rows, start: datetime | None, end: datetime) -> None:
    assert figures.total(connection, own, start, end) == summed(rows)
    hours = figures.by_hour(connection, own, start, end)
    assert sum(hours.values(), OpenFigures()) == summed(rows)
    assert list(hours) == sorted({row["created_at"].replace(minute=0, second=0, microsecond=0) for row in rows})
    for by in (("class",), ("client",), ("device", "class"), ("image_id",), figures.SLICED_BY):
        assert figures.slices(connection, own, start, end, by) == sliced(rows, by), (start, end, by)


def test_the_latest_ids_come_with_their_figures_of_all_time(app: Flask) -> None:
    engine, own = runtime(app).engine, new_account(app)
    rows = store(engine, random_rows(own, START, END, 300))
    views = Counter(row["ref"] for row in rows if counts(row))
    last = {row["ref"]: row["created_at"] for row in rows if counts(row)}
    with engine.connect() as connection:
        found = figures.latest_ids(connection, own, START + 24 * HOUR, END - 24 * HOUR, limit=20)
        assert figures.latest_ids(connection, own, None, START) == []
    expected = sorted(
        ((at, ref) for ref, at in last.items() if START + 24 * HOUR <= at < END - 24 * HOUR), reverse=True
    )
    assert [(one.last_at, one.ref) for one in found] == expected[:20]
    assert all(one.views == views[one.ref] and one.first_at <= one.last_at for one in found)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_misses_are_summed_by_reason_and_file(app: Flask) -> None:
    engine, own = runtime(app).engine, new_account(app)
    lines = [("without_id", "logo.png", 0, 3), ("without_id", "logo.png", 1, 4), ("unknown_file", "x.png", 2, 5)]
    with engine.begin() as connection:
        for reason, file, hour, hits in lines:
            row = {"reason": reason, "file": file, "shard": hour, "hits": hits}
            connection.execute(insert(OpenMissHour).values(account_id=own, hour=START + hour * HOUR, **row))
        found = figures.misses(connection, own, START, START + 2 * HOUR)
    assert found == {("without_id", "logo.png"): 7}


ZONES = ("America/Sao_Paulo", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC", "Pacific/Kiritimati")


def test_hours_of_the_week_are_those_of_the_wall_also_when_clocks_change(app: Flask) -> None:
    engine, own = runtime(app).engine, new_account(app)
    rows = store(engine, random_rows(own, START, END, 300))
    with engine.connect() as connection:
        for zone in map(ZoneInfo, ZONES):
            for automatic in (False, True):
                expected = [[0] * 24 for _day in range(7)]
                for row in rows:
                    wall = row["created_at"].replace(minute=0).astimezone(zone)
                    expected[wall.weekday()][wall.hour] += row["is_view"] if automatic else counts(row)
                assert by_weekday_hour(connection, own, START, END, zone, automatic=automatic) == expected, zone


@pytest.mark.parametrize(
    ("zone", "start", "end", "lengths"),
    [
        ("America/Sao_Paulo", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC), [8760]),
        ("America/New_York", START, END, [49, 85]),  # back at 06:00 UTC on the 1st of November
        ("Europe/Lisbon", datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 3, 29, 3, tzinfo=UTC), [1, 2]),
        ("UTC", START, START, []),
    ],
)
def test_a_period_is_split_where_clocks_change(zone: str, start: datetime, end: datetime, lengths: list[int]) -> None:
    found = list(stretches(start, end, ZoneInfo(zone)))
    assert [(each.end - each.start) // HOUR for each in found] == lengths
    assert not found or (found[0].start, found[-1].end) == (start, end)


@pytest.fixture
def statements() -> Callable[[Engine], list[str]]:
    def listen(engine: Engine) -> list[str]:
        seen: list[str] = []
        event.listen(engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
        return seen

    return listen


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_figure_reads_the_opens_themselves(app: Flask, statements: Callable[[Engine], list[str]]) -> None:
    engine, own = runtime(app).engine, new_account(app)
    seen = statements(engine)
    with engine.connect() as connection:
        figures.total(connection, own, START, END)
        figures.by_hour(connection, own, START, END)
        figures.slices(connection, own, START, END, by=figures.SLICED_BY)
        figures.latest_ids(connection, own, START, END)
        by_weekday_hour(connection, own, START, END, ZoneInfo("America/New_York"))
    assert len(seen) >= 5
    assert not [each for each in seen if "email_open" in each]
