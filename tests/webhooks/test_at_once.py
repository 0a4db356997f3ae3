"""Transactions that tell webhooks at the same time, in whatever order, and what their figures are afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from threading import Barrier
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Connection, func, select, text
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.core import events
from app.core.access import Actor
from app.core.db import before_commit, begin_write, write
from app.core.runtime import runtime
from app.outbound.models import DeliveryTally
from tests.outbound.true_figures import counted, kept

Writing = Callable[[Flask], AbstractContextManager[Connection | Session]]
postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer
FIRST, SECOND = "alert.raised", "image.opened"
NO_WAIT = text("SET LOCAL lock_timeout = '2s'")


def by_core(app: Flask) -> AbstractContextManager[Connection]:
    return begin_write(runtime(app).engine)


@contextmanager
def by_session(app: Flask) -> Iterator[Session]:
    with app.app_context(), write() as session:
        yield session


def connection_of(by: Connection | Session) -> Connection:
    return by.connection() if isinstance(by, Session) else by


both_ways = pytest.mark.parametrize("writing", [by_core, by_session])


def open_now(app: Flask) -> dict[UUID, int]:
    total = select(DeliveryTally.target_id, func.sum(DeliveryTally.number)).group_by(DeliveryTally.target_id)
    with runtime(app).engine.connect() as connection:
        return {target: int(number) for target, number in connection.execute(total)}


@postgresql
@both_ways
def test_two_who_tell_the_same_webhooks_in_another_order_do_not_deadlock(
    app: Flask, owner: Actor, subscribe: Callable[..., tuple[UUID, str]], writing: Writing
) -> None:
    targets = [subscribe(events=[name])[0] for name in (FIRST, SECOND)]
    between = Barrier(2)

    def tell(*names: str) -> None:
        with writing(app) as by:
            events.emit(connection_of(by), names[0], owner.account_id, {})
            between.wait(10)
            events.emit(connection_of(by), names[1], owner.account_id, {})

    with ThreadPoolExecutor(2) as pool:
        for told in [pool.submit(tell, FIRST, SECOND), pool.submit(tell, SECOND, FIRST)]:
            told.result(20)
    assert open_now(app) == dict.fromkeys(targets, 2)


@postgresql
def test_who_has_told_a_webhook_keeps_nobody_waiting(
    app: Flask, owner: Actor, subscribe: Callable[..., tuple[UUID, str]]
) -> None:
    """Else who tells first and then changes a row, and who changes it first and then tells, wait for each other."""
    target, _ = subscribe()
    with by_core(app) as first, by_core(app) as second:
        for connection in (first, second):
            connection.execute(NO_WAIT)
        second.execute(select(Account.id).where(Account.id == owner.account_id).with_for_update())
        events.emit(first, FIRST, owner.account_id, {})
        events.emit(second, FIRST, owner.account_id, {})
    assert open_now(app) == {target: 2}


@both_ways
def test_what_is_rolled_back_alone_or_within_a_savepoint_is_not_counted(
    app: Flask, owner: Actor, subscribe: Callable[..., tuple[UUID, str]], writing: Writing
) -> None:
    target, _ = subscribe()

    def tell(by: Connection | Session) -> None:
        events.emit(connection_of(by), FIRST, owner.account_id, {})

    def tell_and_fail() -> None:
        with writing(app) as by:
            tell(by)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tell_and_fail()
    with writing(app) as by:
        with by.begin_nested() as undone:
            tell(by)
            undone.rollback()
        tell(by)
        with by.begin_nested():
            tell(by)
            with by.begin_nested() as undone:
                tell(by)
                undone.rollback()
            with by.begin_nested():
                tell(by)
        with by.begin_nested() as undone:
            with by.begin_nested():
                tell(by)
            undone.rollback()
    with writing(app):
        pass
    engine = runtime(app).engine
    assert open_now(app) == {target: 3}
    assert kept(engine) == counted(engine)


def test_outside_of_a_write_transaction_nothing_is_collected(app: Flask) -> None:
    with runtime(app).engine.connect() as connection, pytest.raises(RuntimeError, match="outside"):
        before_commit(connection, print, [1])
