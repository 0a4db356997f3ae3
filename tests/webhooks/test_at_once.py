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

from app.accounts.models import Account
from app.core import events
from app.core.access import Actor
from app.core.db import begin_write, write
from app.core.runtime import runtime
from app.outbound.models import Delivery, DeliveryTally
from tests.outbound.true_figures import counted, kept

Writing = Callable[[Flask], AbstractContextManager[Connection]]
postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer
FIRST, SECOND = "alert.raised", "image.opened"
NO_WAIT = text("SET LOCAL lock_timeout = '2s'")


def by_core(app: Flask) -> AbstractContextManager[Connection]:
    return begin_write(runtime(app).engine)


@contextmanager
def by_session(app: Flask) -> Iterator[Connection]:
    with app.app_context(), write() as session:
        yield session.connection()


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
        with writing(app) as connection:
            events.emit(connection, names[0], owner.account_id, {})
            between.wait(10)
            events.emit(connection, names[1], owner.account_id, {})

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
def test_what_a_savepoint_told_that_was_taken_back_is_not_counted(
    app: Flask, owner: Actor, subscribe: Callable[..., tuple[UUID, str]], writing: Writing
) -> None:
    target, _ = subscribe()

    def tell(connection: Connection) -> None:
        events.emit(connection, FIRST, owner.account_id, {})

    with writing(app) as connection:
        with pytest.raises(ZeroDivisionError), connection.begin_nested():
            tell(connection)
            raise ZeroDivisionError
        tell(connection)
        with connection.begin_nested():
            tell(connection)
            with connection.begin_nested() as inner:
                tell(connection)
                inner.rollback()
            with connection.begin_nested():
                tell(connection)
        with pytest.raises(ZeroDivisionError), connection.begin_nested():
            with connection.begin_nested():
                tell(connection)
            raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), writing(app) as connection:
        tell(connection)
        raise ZeroDivisionError
    with writing(app) as connection:
        connection.execute(select(func.count()).select_from(Delivery))
    engine = runtime(app).engine
    assert open_now(app) == {target: 3}
    assert kept(engine) == counted(engine)
