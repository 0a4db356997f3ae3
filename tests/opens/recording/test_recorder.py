"""What many loads leave: viewings folded, floods bounded, figures that agree with the rows. On both databases."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core.runtime import runtime
from app.opens.models import OpenedId, OpenMissHour, UserAgent
from app.opens.recording.recorder import BURST
from app.opens.recording.strangers import MAX_NEW_A_DAY
from tests.opens.opens_fixtures import (
    APPLE,
    CRAWLER,
    GMAIL,
    IPHONE,
    OUTLOOK,
    YAHOO,
    account_of,
    asked,
    misses,
    opens,
    record,
    recount,
    upload,
)

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def rows(app: Flask) -> list[tuple[Any, ...]]:
    """(id, file, hits, is it a viewing, is it the id's first), in order."""
    return [(row.ref, row.file, row.hits, row.is_view, row.is_first) for row in opens(app)]


def agrees(app: Flask) -> None:
    with runtime(app).engine.connect() as connection:
        recount(connection, account_of(app))


def standing(app: Flask, ref: str) -> tuple[Any, ...]:
    columns = (OpenedId.views, OpenedId.automatic, OpenedId.first_at, OpenedId.last_at, OpenedId.last_hit_at)
    with runtime(app).engine.connect() as connection:
        return tuple(connection.execute(select(*columns).where(OpenedId.ref == ref)).one())


FOLDS: dict[str, tuple[list[Any], list[tuple[Any, ...]]]] = {
    "the same again after 9.9 s is one open": (
        [asked("A", at=at(0)), asked("A", at=at(9.9))],
        [("A", "logo.png", 2, True, True)],
    ),
    "after 10.1 s it is another": (
        [asked("B", at=at(0)), asked("B", at=at(10.1))],
        [("B", "logo.png", 1, True, True), ("B", "logo.png", 1, True, False)],
    ),
    "the window begins with the row, not with its last hit": (
        [asked("C", at=at(0)), asked("C", at=at(6)), asked("C", at=at(12))],
        [("C", "logo.png", 2, True, True), ("C", "logo.png", 1, True, False)],
    ),
    "two images of an e-mail are one viewing": (
        [asked("D", at=at(0)), asked("D", "foot.png", at=at(0.2)), asked("D", "foot.png", at=at(1))],
        [("D", "logo.png", 1, True, True), ("D", "foot.png", 2, False, False)],
    ),
    "a proxy asks from many addresses": (
        [asked("E", at=at(n), agent=GMAIL, address=f"66.249.{80 + n}.1") for n in range(3)],
        [("E", "logo.png", 3, True, True)],
    ),
    "two people do not": (
        [asked("F", at=at(0), address="203.0.113.7"), asked("F", at=at(1), address="198.51.100.7")],
        [("F", "logo.png", 1, True, True), ("F", "logo.png", 1, True, False)],
    ),
    "one network, masked, is one address": (
        [asked("G", at=at(0), address="203.0.113.7"), asked("G", at=at(1), address="203.0.113.99")],
        [("G", "logo.png", 2, True, True)],
    ),
    "another program is another viewing": (
        [asked("H", at=at(0)), asked("H", at=at(1), agent=IPHONE)],
        [("H", "logo.png", 1, True, True), ("H", "logo.png", 1, True, False)],
    ),
    "what is automatic is never the first open": (
        [asked("I", at=at(0), agent=APPLE), asked("I", at=at(1), agent=CRAWLER), asked("I", at=at(2))],
        [("I", "logo.png", 1, True, False), ("I", "logo.png", 1, True, False), ("I", "logo.png", 1, True, True)],
    ),
    "ids do not touch each other": (
        [asked("J", at=at(0)), asked("j", at=at(0)), asked("J ", at=at(1))],
        [("J", "logo.png", 2, True, True), ("j", "logo.png", 1, True, True)],
    ),
}


@pytest.mark.parametrize("batched", [True, False], ids=["in one commit", "one by one"])
def test_what_is_folded(app: Flask, batched: bool) -> None:
    for hits, _ in FOLDS.values():
        for part in [hits] if batched else [[hit] for hit in hits]:
            record(app, part)

    found = rows(app)
    for what, (hits, expected) in FOLDS.items():
        refs = {hit.ref.text for hit in hits}
        assert sorted(row for row in found if row[0] in refs) == sorted(expected), what
    assert standing(app, "I") == (1, 2, at(2), at(2), at(2))
    assert standing(app, "C") == (2, 0, at(0), at(12), at(12))
    agrees(app)


def test_a_flood_for_one_id_costs_bounded_space_and_every_hit_counts(app: Flask) -> None:
    flood = [
        asked("FAT", "logo.png", at=at(n / 2), agent=f"Reader/{n % 400}", address=f"198.51.{n % 251}.1")
        for n in range(2000)
    ]
    record(app, flood)
    later = at(3600)
    record(app, [asked("FAT", at=later), asked("CALM", at=at(1000))])

    found = [row for row in rows(app) if row[0] == "FAT"]
    assert len(found) == BURST + 1  # and one of the hour after
    assert sum(row[2] for row in found) == 2001
    assert standing(app, "FAT")[0] == BURST + 1
    assert standing(app, "FAT")[3:] == (later, later)
    assert ("CALM", "logo.png", 1, True, True) in rows(app)
    agrees(app)


@sqlite
def test_made_up_user_agents_cost_bounded_space(app: Flask) -> None:
    number = MAX_NEW_A_DAY + 500
    record(app, [asked(f"F{n}", agent=f"Reader/{random.random()}") for n in range(number)])

    with runtime(app).engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(UserAgent)) == MAX_NEW_A_DAY + 1
        known = set(connection.scalars(select(UserAgent.id)))
    assert {row.agent_id for row in opens(app)} <= known
    assert sum(row.hits for row in opens(app)) == number
    agrees(app)


@sqlite
def test_made_up_files_cost_bounded_space(app: Flask) -> None:
    record(app, [asked("", f"{n}.png") for n in range(700)] + [asked("", "0.png")])

    with runtime(app).engine.connect() as connection:
        assert (connection.scalar(select(func.count()).select_from(OpenMissHour)) or 0) <= 2 * 501
    found = misses(app)
    assert found["unknown_file", ""] == 200
    assert found["unknown_file", "0.png"] == 2
    assert sum(found.values()) == 2 * 701


def test_a_random_month_agrees_with_its_rows(app: Flask) -> None:
    chance = random.Random(4)
    upload(app)
    agents = (OUTLOOK, IPHONE, GMAIL, YAHOO, APPLE, CRAWLER, "")
    hits = [
        asked(
            f"F{chance.randrange(60)}",
            chance.choice(("logo.png", "absent.gif")),
            at=at(chance.choice((0, 3600, 86_400)) + chance.uniform(0, 120)),
            agent=chance.choice(agents),
            address=f"203.0.{chance.randrange(4)}.9",
        )
        for _ in range(1500)
    ]
    hits.sort(key=lambda hit: hit.id)
    record(app, hits)

    assert sum(row.hits for row in opens(app)) == 1500
    agrees(app)


def test_writers_at_the_same_time_agree(app: Flask) -> None:
    """On PostgreSQL they are at it together; on SQLite one after the other."""
    errors: list[BaseException] = []

    def write(number: int) -> None:
        chance = random.Random(number)
        try:
            for _ in range(12):
                hits = [asked(f"F{chance.randrange(8)}", agent=chance.choice((OUTLOOK, GMAIL))) for _ in range(10)]
                record(app, hits)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert sum(row.hits for row in opens(app)) == 480
    assert len(opens(app)) <= 8 * 2 * 2  # ids, agents, and a window that may end meanwhile
    agrees(app)
