"""The log's filters, each alone and with others, against the same rows looked at one by one."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.accounts.models import ApiClient
from app.core import clock
from app.core.db import TooSlow, db, time_limited, write
from app.core.errors import Malformed
from app.core.ids import created_at, uuid7
from app.core.rollup import hour_of
from app.outbound import targets
from app.outbound.models import ErrorClass
from app.tracking import figure, log
from app.tracking.filters import Filters, Wish, from_json
from app.tracking.log_paths import request_id
from tests.people import Browser, Person
from tests.tracking.events import new_event, new_target

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NAMES = ("EVENT_PURCHASE", "EVENT_CONTACT", "Lead")
STATES = ("pending", "leased", "done", "done", "done", "dead", "cancelled")
ERRORS = (ErrorClass.REFUSED, ErrorClass.CREDENTIALS, ErrorClass.EXPIRED)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Books:
    """What was stored, to be looked at by brute force."""

    def __init__(self, account_id: UUID) -> None:
        self.account_id = account_id
        self.rows: list[dict[str, Any]] = []
        self.targets: dict[UUID, tuple[str, str, str]] = {}  # platform, wire id, state

    def matching(self, wanted: Filters) -> list[UUID]:
        return [
            row["id"] for row in sorted(self.rows, key=lambda row: row["id"], reverse=True) if self.fits(row, wanted)
        ]

    def fits(self, row: dict[str, Any], wanted: Filters) -> bool:
        platform, wire_id, state = self.targets[row["target"]]
        word = {"done": "delivered", "dead": "failed", "cancelled": "cancelled"}.get(row["status"])
        if word is None:
            word = {"paused": "paused", "deleted": "cancelled"}.get(state, "pending")
        words = {word, "waiting"} if word in ("pending", "paused") else {word}
        at = created_at(row["id"])
        return all(
            (
                wanted.platform in (None, platform),
                wanted.pixel in (None, wire_id, str(row["target"])),
                wanted.event in (None, row["event_name"]),
                wanted.status is None or wanted.status in words,
                wanted.error is None or (word == "failed" and row["error"] == wanted.error),
                wanted.client in (None, row["client_id"]),
                wanted.start is None or at >= wanted.start,
                wanted.end is None or at < wanted.end,
                wanted.text in (None, request_id(row["id"]), row["event_id"], row["click_id"]),
            )
        )


@pytest.fixture
def books(app: Flask, admin: Browser) -> Books:
    """Some 90 events of three days, in every state, on four pixels of two platforms."""
    return stocked(app, admin.person.account_id, random.Random(7))


def stocked(app: Flask, own: UUID, dice: random.Random, number: int = 90) -> Books:
    found = Books(own)
    labels = {"Kwai 111": "active", "Kwai 222 (Loja)": "paused", "Meta 333": "active", "Meta 444": "deleted"}
    for label, state in labels.items():
        id = new_target(app, own, label)
        platform = "kwai" if label.startswith("Kwai") else "facebook"
        found.targets[id] = (platform, label.split(" ")[1], state)
        with app.app_context(), write() as session:
            if state == "paused":
                targets.pause(session.connection(), id, "By hand", "user")
            if state == "deleted":
                targets.delete(session.connection(), id)
    clients = [uuid7(), uuid7()]
    now = hour_of(clock.now())
    for index in range(number):
        target = dice.choice(list(found.targets))
        row: dict[str, Any] = {
            "target": target,
            "status": dice.choice(STATES),
            "client_id": dice.choice(clients),
            "event_name": dice.choice(NAMES),
            "event_id": f"order-{index % 40}",
            "click_id": dice.choice([None, f"click-{index % 7}"]),
        }
        row["error"] = dice.choice(ERRORS) if row["status"] == "dead" else None
        at = now - timedelta(seconds=dice.randrange(1, 3 * 86_400))
        values = {name: value for name, value in row.items() if name not in ("target", "status")}
        values |= {"platform": found.targets[target][0], "pixel_id": found.targets[target][1]}
        row["id"] = new_event(app, own, target, row["status"], at=at, **values)
        found.rows.append(row)
    return found


def choices(books: Books) -> dict[str, list[dict[str, Any]]]:
    """The filters with the values they are tried with."""
    one = books.rows[0]
    middle = hour_of(created_at(sorted(row["id"] for row in books.rows)[45]))
    return {
        "platform": [{"platform": "kwai"}],
        "pixel": [{"pixel": "333"}, {"pixel": str(one["target"])}, {"pixel": "nobody's"}],
        "event": [{"event": "Lead"}],
        "status": [{"status": wish} for wish in Wish],
        "error": [{"error": ErrorClass.REFUSED}],
        "client": [{"client": one["client_id"]}],
        "period": [{"start": middle}, {"end": middle}, {"start": middle - timedelta(hours=9), "end": middle}],
        "text": [{"text": request_id(one["id"])}, {"text": "order-3"}, {"text": "click-2"}, {"text": "order"}],
    }


def all_pages(books: Books, wanted: Filters, limit: int = 17) -> list[UUID]:
    seen: list[UUID] = []
    after = None
    while True:
        found = log.search(db.session(), books.account_id, wanted, after=after, limit=limit)
        seen += [line.event.id for line in found.rows]
        after = found.next
        if after is None:
            return seen


def test_each_filter_and_each_pair_finds_exactly_its_rows(app: Flask, books: Books) -> None:
    single = [given for values in choices(books).values() for given in values]
    pairs = [
        one | other
        for first, second in combinations(choices(books).values(), 2)
        for one in first
        for other in second
        if not ("error" in {**one, **other} and {**one, **other}.get("status", Wish.FAILED) != Wish.FAILED)
    ]
    with app.app_context():
        for given in [{}, *single, *pairs]:
            wanted = Filters(**given)
            assert all_pages(books, wanted) == books.matching(wanted), given


def test_the_figure_is_the_number_of_rows(app: Flask, books: Books) -> None:
    hours = [hour_of(clock.now()) - timedelta(hours=hours) for hours in (80, 30, 7)]
    spans: list[dict[str, Any]] = [{}, {"start": hours[0], "end": hours[1]}, {"start": hours[1], "end": hours[2]}]
    among: list[dict[str, Any]] = [{}, {"platform": "facebook"}, {"pixel": "333"}]
    stands: list[dict[str, Any]] = [{}, *({"status": wish} for wish in Wish), {"error": ErrorClass.EXPIRED}]
    known = 0
    with app.app_context():
        for given in [span | some | stand for span in spans for some in among for stand in stands]:
            wanted = Filters(**given)
            number = figure.number_of(db.session(), books.account_id, wanted, kept_since=LONG_AGO)
            if number is not None:
                known += 1
                assert number == len(books.matching(wanted)), given
    assert known >= 50


@on_sqlite
def test_what_no_rollup_knows_has_no_figure(app: Flask, admin: Browser) -> None:
    unknown: list[dict[str, Any]] = [
        {"event": "Lead"},
        {"client": UUID(int=1)},
        {"text": "order-1"},
        {"start": LONG_AGO},
        {},
    ]
    with app.app_context():
        for given in unknown:
            wanted = Filters(**given)
            assert figure.number_of(db.session(), admin.person.account_id, wanted, kept_since=LONG_AGO) is None


@on_sqlite
def test_a_cursor_of_another_filter_goes_on_from_there(app: Flask, books: Books) -> None:
    with app.app_context():
        first = log.search(db.session(), books.account_id, Filters(), limit=40)
        last = first.rows[-1].event.id
        found = log.search(db.session(), books.account_id, Filters(status=Wish.FAILED), after=first.next)
    expected = [id for id in books.matching(Filters(status=Wish.FAILED)) if id < last]
    assert [line.event.id for line in found.rows] == expected


@on_sqlite
def test_a_strange_cursor_is_refused(app: Flask, admin: Browser) -> None:
    with app.app_context(), pytest.raises(Malformed):
        log.search(db.session(), admin.person.account_id, Filters(), after="nonsense")


@on_sqlite
def test_delivered_ones_are_found_behind_an_outage(app: Flask, admin: Browser) -> None:
    """Hours without a delivered event lie between two that have some, and the page reaches over them."""
    own = admin.person.account_id
    pixel = new_target(app, own)
    now = hour_of(clock.now())
    old = [new_event(app, own, pixel, at=now - timedelta(hours=50, seconds=second)) for second in range(3)]
    for hours in range(2, 50, 6):
        new_event(app, own, pixel, "pending", at=now - timedelta(hours=hours))
    new = [new_event(app, own, pixel, at=now - timedelta(hours=1, seconds=second)) for second in range(2)]
    with app.app_context():
        wanted = Filters(status=Wish.DELIVERED)
        found = [line.event.id for line in log.search(db.session(), own, wanted, limit=4).rows]
    assert found == [*new, *old][:4]


@on_sqlite
def test_another_accounts_events_are_never_found(app: Flask, books: Books, other_account: Person) -> None:
    stranger = Books(other_account.account_id)
    with app.app_context():
        for given in [{}, *(given for values in choices(books).values() for given in values)]:
            assert all_pages(stranger, Filters(**given)) == []


@on_sqlite
def test_filters_survive_the_way_to_a_job(books: Books) -> None:
    for given in (given for values in choices(books).values() for given in values):
        assert from_json(Filters(**given).to_json()) == Filters(**given)


def test_a_slow_read_is_cut_off_and_the_next_one_works(app: Flask) -> None:
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) SELECT max(i) FROM n"
    with app.app_context():
        session = db.session()
        with pytest.raises(TooSlow), time_limited(session, 0.1):
            session.connection().exec_driver_sql(slow)
        with time_limited(session, 5):
            assert session.query(ApiClient).count() == 0
