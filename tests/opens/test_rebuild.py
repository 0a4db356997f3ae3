"""Figures counted anew are those that the recorder keeps; damage is put right, and what nobody can know is left."""

from __future__ import annotations

import random
import threading
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, update

from app.core import clock
from app.core.db import begin_write
from app.core.rollup import hour_of
from app.core.runtime import runtime
from app.opens.models import NO_IMAGE, Open, OpenHour, OpenSliceDay, OpenSliceHour
from app.opens.rebuild import NotKept, Rebuilt, complete_from, rebuild
from app.opens.recording.hit import Hit
from tests.opens.history import made, random_rows, store
from tests.opens.opens_fixtures import (
    APPLE,
    CRAWLER,
    GMAIL,
    IPHONE,
    OUTLOOK,
    THUNDERBIRD,
    account_of,
    asked,
    record,
    recount,
    stored_figures,
    upload,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AGENTS = (OUTLOOK, THUNDERBIRD, IPHONE, GMAIL, APPLE, CRAWLER)
TABLES: tuple[Any, ...] = (OpenHour, OpenSliceHour, OpenSliceDay)
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def traffic(count: int, start: datetime, hours: int, seed: int) -> list[Hit]:
    """In the order of time, with reloads, several images of one mail, and loads without an id."""
    chance = random.Random(seed)
    hits = []
    for _n in range(count):
        at = start + timedelta(seconds=chance.randrange(hours * 3600))
        ref, agent = f"FAT{chance.randrange(count // 3)}", chance.choice(AGENTS)
        for _again in range(chance.choice((1, 1, 2, 4))):
            hits.append(asked(ref, chance.choice(("logo.png", "foot.gif", "x.png")), at=at, agent=agent))
            at += timedelta(seconds=chance.choice((1, 3, 30)))
        if chance.random() < 0.1:
            hits.append(asked("{{id}}", at=at))
    return sorted(hits, key=lambda hit: hit.at)


def figures(app: Flask, account_id: UUID) -> dict[str, Any]:
    with runtime(app).engine.connect() as connection:
        return stored_figures(connection, account_id)


def damage(app: Flask, account_id: UUID, at: datetime) -> None:
    """Takes rows away, makes some wrong, and makes some up."""
    hours = list(figures(app, account_id)["hours"])
    gone, wrong = hours[0][0], hours[1][0]
    slice_key = {"image_id": NO_IMAGE, "class": "bot", "client": "Ghost", "device": "phone", "shard": 3}
    counts = {"views": 5, "firsts": 1, "hits": 9}
    with begin_write(runtime(app).engine) as connection:
        for model in (OpenHour, OpenSliceHour):
            connection.execute(delete(model).where(model.account_id == account_id, model.hour == gone))
            connection.execute(update(model).where(model.hour == wrong).values(views=model.views + 7))
        day: Any = OpenSliceDay
        connection.execute(update(day).where(day.account_id == account_id).values(hits=day.hits * 2 + 1))
        ghost: Any = OpenSliceHour.__table__
        connection.execute(insert(ghost).values(account_id=account_id, hour=at, opens=5, **slice_key, **counts))
        connection.execute(insert(OpenHour).values(account_id=account_id, hour=at, shard=3, automatic=0, **counts))


def test_rebuilt_figures_are_those_that_were_kept_and_damage_is_put_right(app: Flask) -> None:
    own, engine = account_of(app), runtime(app).engine
    upload(app)
    upload(app, file="foot.gif", content_type="image/gif")
    start = hour_of(clock.now()) - 50 * HOUR
    record(app, traffic(250, start, 49, seed=5))
    true = figures(app, own)
    with engine.connect() as connection:
        recount(connection, own)

    found = rebuild(engine, own)
    assert (found.wrong_hours, found.wrong_days) == (0, 0)
    assert found.hours >= 49
    assert figures(app, own) == true

    damage(app, own, start + 51 * HOUR)
    assert figures(app, own) != true
    found = rebuild(engine, own, end=start + 60 * HOUR)
    assert found.wrong_hours == 3
    assert found.wrong_days >= 2
    assert figures(app, own) == true


def test_opens_that_come_in_while_it_counts_are_counted_once(app: Flask) -> None:
    own, engine = account_of(app), runtime(app).engine
    start = hour_of(clock.now())
    record(app, traffic(60, start, 1, seed=1))
    stop = threading.Event()
    rounds: list[Rebuilt] = []

    def again_and_again() -> None:
        while not stop.is_set():
            with begin_write(engine) as connection:
                connection.execute(update(OpenHour).where(OpenHour.account_id == own).values(hits=OpenHour.hits + 1))
            rounds.append(rebuild(engine, own))

    thread = threading.Thread(target=again_and_again)
    thread.start()
    try:
        for seed in range(2, 12):
            record(app, traffic(8, start, 1, seed=seed))
    finally:
        stop.set()
        thread.join()
    assert sum(each.wrong_hours for each in rounds) >= len(rounds) > 0  # each had something to write
    with engine.connect() as connection:
        recount(connection, own)


@on_sqlite
def test_hours_whose_opens_are_not_all_kept_are_refused(app: Flask) -> None:
    own, engine = account_of(app), runtime(app).engine
    end = hour_of(clock.now())
    store(engine, random_rows(own, end - 20 * DAY, end, 200))
    kept_from = end - 10 * DAY + timedelta(minutes=20)
    with begin_write(engine) as connection:
        connection.execute(delete(Open).where(Open.created_at < kept_from))
    true = figures(app, own)
    with engine.connect() as connection:
        first = complete_from(connection, own)
        oldest = connection.scalars(select(Open.created_at).order_by(Open.created_at)).first()
    assert first is not None
    assert oldest is not None
    assert first == hour_of(oldest) + HOUR
    with pytest.raises(NotKept) as refused:
        rebuild(engine, own, first - HOUR)
    assert refused.value.first == first
    assert rebuild(engine, own).wrong_hours == rebuild(engine, own, first).wrong_days == 0
    assert figures(app, own) == true  # those of before are left as they are
    with pytest.raises(NotKept):
        rebuild(engine, own, first, cutoff=first + 3 * DAY)
    with pytest.raises(ValueError, match="whole UTC hours"):
        rebuild(engine, own, first + timedelta(minutes=5))


@on_sqlite
def test_the_day_in_which_retention_cut_keeps_what_its_hours_say(app: Flask) -> None:
    own, engine = account_of(app), runtime(app).engine
    noon = hour_of(clock.now()).replace(hour=12) - 3 * DAY
    rows = [made(own, noon - 2 * HOUR, "A"), made(own, noon + HOUR, "B"), made(own, noon + 3 * HOUR, "C")]
    store(engine, rows)
    true = figures(app, own)
    with begin_write(engine) as connection:
        connection.execute(delete(Open).where(Open.ref == "A"))
        connection.execute(delete(OpenSliceDay))
    assert rebuild(engine, own).wrong_days == 1
    now = figures(app, own)
    assert all(now[name] == true[name] for name in ("hours", "slices of hours", "slices of days"))


@on_sqlite
def test_nothing_kept_is_nothing_to_count(app: Flask) -> None:
    assert rebuild(runtime(app).engine, account_of(app)) == Rebuilt()


@on_sqlite
def test_the_command_says_what_it_put_right(app: Flask) -> None:
    own, engine = account_of(app), runtime(app).engine
    end = hour_of(clock.now())
    store(engine, random_rows(own, end - 2 * DAY, end, 60))
    true = figures(app, own)
    with begin_write(engine) as connection:
        for model in TABLES:
            connection.execute(delete(model))
    run = app.test_cli_runner().invoke
    assert "There is no such account" in run(args=["rebuild-opens", "--account", "nobody"]).output
    assert "neither a day nor a time" in run(args=["rebuild-opens", "--from", "x"]).output
    assert "opens are all kept from" in run(args=["rebuild-opens", "--from", "2020-01-01"]).output
    done = run(args=["rebuild-opens", "--account", str(own)])
    assert done.exit_code == 0, done.output
    assert "days put right" in done.output
    assert figures(app, own) == true
