"""From an event to what is owed: who is told, in which words, and with its cause or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from app.core import clock, events
from app.core.access import Actor
from app.core.db import begin_write, write
from app.core.runtime import runtime
from app.outbound import targets
from app.outbound.models import DeliveryTally
from app.outbound.tally import OPEN, Shift, shift
from app.webhooks import fanout, service, switching
from app.webhooks.patterns import matches, normalised
from tests.people import new_account

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PAYLOAD = {"contactId": "01937a3e-4f10-7c3e-8a52-6d3f6a4b9c01", "version": 1, "source": "api"}
NAME = "contact.created"


@pytest.mark.parametrize(
    ("patterns", "name", "takes"),
    [
        (["*"], "deal.moved", True),
        (["deal.moved"], "deal.moved", True),
        (["deal.*"], "deal.moved", True),
        (["deal.*"], "deals.moved", False),
        (["deal.*"], "deal", False),
        (["deal.moved"], "deal.movedx", False),
        (["contact.created", "deal.*"], "contact.updated", False),
        ([], "deal.moved", False),
    ],
)
def test_patterns_take_what_they_say(patterns: list[str], name: str, takes: bool) -> None:
    assert matches(patterns, name) is takes


def test_what_a_wider_choice_covers_is_left_out() -> None:
    assert normalised(["deal.moved", "deal.*", "contact.created", "contact.created"]) == ["contact.created", "deal.*"]
    assert normalised(["deal.*", "*"]) == ["*"]


def test_an_event_is_one_message_for_all_who_take_it(
    app: Flask, owner: Actor, subscribe: Callable[..., tuple[UUID, str]], told: Callable[[], list[Any]]
) -> None:
    everything, contacts = subscribe()[0], subscribe(events=["contact.*"])[0]
    subscribe(events=["deal.*"])
    off, on_again = subscribe(active=False)[0], subscribe(active=False)[0]
    subscribe(Actor(new_account(app), None, "bob@example.com"))
    with app.test_request_context(), write():
        switching.enable(owner, on_again)
    with begin_write(runtime(app).engine) as connection:
        targets.pause(connection, contacts, "410", "gone")
        assert events.is_heard(connection, NAME, owner.account_id)
        events.emit_all(connection, NAME, owner.account_id, [PAYLOAD | {"version": n} for n in range(1, 501)])
        events.emit(connection, "contact.restored_by_magic", owner.account_id, {})

    rows = told()
    bodies = list(dict.fromkeys(row.body for row in rows))
    assert {row.target_id for row in rows} == {everything, on_again}
    assert off not in {row.target_id for row in rows}
    assert (len(rows), len({row.id for row in rows}), {row.event for row in rows}) == (1000, 500, {NAME})
    assert [json.loads(body)["data"]["version"] for body in bodies] == [*range(1, 501)]
    assert sorted({row.id for row in rows}) == list(dict.fromkeys(row.id for row in rows))
    with runtime(app).engine.connect() as connection:
        assert connection.scalar(select(func.sum(DeliveryTally.number))) == 1000


@sqlite
def test_many_at_once_are_a_handful_of_statements(
    app: Flask, owner: Actor, subscribe: Callable[..., tuple[UUID, str]]
) -> None:
    subscribe()
    seen: list[str] = []
    engine = runtime(app).engine
    event.listen(engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    with begin_write(engine) as connection:
        events.emit_all(connection, NAME, owner.account_id, [PAYLOAD] * 500)
        reads = [text for text in seen if "FROM webhook" in text]
        events.emit(connection, NAME, owner.account_id, PAYLOAD)
    assert len(reads) == 2  # the patterns once, and who is on


@sqlite
def test_what_is_rolled_back_was_never_told(
    app: Flask, owner: Actor, subscribe: Callable[..., tuple[UUID, str]], told: Callable[[], list[Any]]
) -> None:
    subscribe()

    def cause_that_fails() -> None:
        with begin_write(runtime(app).engine) as connection:
            events.emit(connection, NAME, owner.account_id, PAYLOAD)
            raise RuntimeError("the cause failed")

    with pytest.raises(RuntimeError):
        cause_that_fails()
    assert told() == []


@sqlite
def test_a_change_of_what_is_wanted_is_seen_at_once_even_after_a_rollback(
    app: Flask, owner: Actor, subscribe: Callable[..., tuple[UUID, str]], within: None
) -> None:
    engine = runtime(app).engine

    def is_wanted() -> bool:
        with begin_write(engine) as connection:
            return fanout.is_wanted(connection, NAME, owner.account_id)

    def create_and_undo() -> None:
        with write() as session:
            service.create(owner, {"name": "x", "url": "https://hooks.example.com/", "events": ["*"]})
            assert fanout.is_wanted(session.connection(), NAME, owner.account_id)
            raise RuntimeError("undone")

    assert not is_wanted()
    with pytest.raises(RuntimeError):
        create_and_undo()
    assert not is_wanted()
    id, _ = subscribe(events=["deal.*"])
    assert not is_wanted()
    with write():
        service.update(owner, id, {"events": [NAME]})
    assert is_wanted()
    with write():
        service.delete(owner, id)
    assert not is_wanted()


@sqlite
def test_the_body_is_the_documented_text_and_a_huge_one_goes_without_its_data(
    app: Flask, owner: Actor, subscribe: Callable[..., tuple[UUID, str]], told: Callable[[], list[Any]]
) -> None:
    subscribe()
    with begin_write(runtime(app).engine) as connection:
        events.emit(connection, NAME, owner.account_id, {"a": "é😀", "b": 5.0})
        events.emit(connection, NAME, owner.account_id, {"a": "x" * 300_000})

    first, second = (row.body for row in told())
    stamp = json.loads(first)["timestamp"]
    assert first == f'{{"event":"contact.created","timestamp":"{stamp}","data":{{"a":"é😀","b":5}}}}'
    assert (len(stamp), stamp[-1], stamp[:4]) == (24, "Z", str(clock.now().year))
    assert json.loads(second)["data"] == {}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer
def test_what_is_told_within_a_settlement_is_counted_in_rows_that_no_settlement_holds(
    app: Flask, owner: Actor, subscribe: Callable[..., tuple[UUID, str]]
) -> None:
    """Else two workers on one shard would wait for each other: one holds a pixel's row, the other a webhook's."""
    webhook, at = subscribe()[0], clock.now()
    engine = runtime(app).engine
    with begin_write(engine) as settling, begin_write(engine) as telling:
        settling.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
        telling.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
        shift(settling, [Shift(owner.account_id, webhook, at, None, OPEN)])
        events.emit(telling, NAME, owner.account_id, PAYLOAD)
    with engine.connect() as connection:
        assert connection.scalar(select(func.sum(DeliveryTally.number))) == 2
