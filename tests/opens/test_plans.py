"""What SQLite does for the opens of one id: it looks them up, however many opens the account has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.core import clock
from app.core.runtime import runtime
from app.opens.images import live
from app.opens.images.models import Image
from app.opens.log import number, reading
from app.opens.log.filters import Filters
from app.opens.mailings.listing import Place, mark
from app.opens.rules import mailed
from app.opens.rules.siblings import Siblings
from app.opens.stats import rows
from tests.opens.opens_fixtures import account_of, asked, record

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
REF = "FAT001"
BY_ID = "INDEX ix_email_open_ref (account_id=? AND ref=?"
SINCE = clock.now() - timedelta(days=1)
READERS: dict[str, Callable[[Session, UUID], object]] = {
    "/api/views": lambda session, own: rows.of_id(session, own, REF, after=None, page=1, limit=50),
    "the log": lambda session, own: reading.search(session, own, Filters(ref=REF)),
    "the log of a time": lambda session, own: reading.search(session, own, Filters(ref=REF, start=SINCE)),
    "their number": lambda session, own: number.number_of(session, own, Filters(ref=REF)),
    "the live check": lambda session, own: live.first_load(
        session.connection(), Image(id=UUID(int=1), account_id=own), REF, clock.now()
    ),
    "a list of ids": lambda session, own: mark(session.connection(), Place(own, UUID(int=1), SINCE), [REF]),
    "judging again": lambda session, own: Siblings(session.connection(), own, {}, [REF, "FAT002"]),
    "its first one": lambda session, own: Siblings(session.connection(), own, {}, []).first(REF, SINCE),
    "what a mailing waits for": lambda session, own: mailed._first_since(session.connection(), own, REF, SINCE),
}


@contextmanager
def plans(app: Flask) -> Iterator[list[str]]:
    """How each SELECT over opens is done, as it is asked."""
    found: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.lstrip().startswith("SELECT") and "FROM email_open" in statement:
            driver = connection.connection.dbapi_connection
            steps = driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            found.append(next(step[3] for step in steps if "SEARCH email_open" in step[3] or "SCAN email" in step[3]))

    engine = runtime(app).engine
    event.listen(engine, "before_cursor_execute", explain)
    yield found
    event.remove(engine, "before_cursor_execute", explain)


@pytest.mark.parametrize("name", READERS)
def test_the_opens_of_one_id_are_looked_up(app: Flask, name: str) -> None:
    own = account_of(app)
    record(app, [asked(REF)])
    with plans(app) as found, app.app_context(), Session(runtime(app).engine) as session:
        READERS[name](session, own)
    assert found
    assert all(BY_ID in plan for plan in found), found


def test_a_load_looks_at_those_of_its_own_id_alone(app: Flask) -> None:
    record(app, [asked(REF)])
    with plans(app) as found:
        record(app, [asked(REF, "other.png")])
    assert len(found) == 1
    assert f"{BY_ID} AND created_at>?" in found[0]


def test_how_many_loads_an_id_has_is_told_by_the_index_alone(app: Flask) -> None:
    own = account_of(app)
    record(app, [asked(REF)])
    with plans(app) as found, app.app_context(), Session(runtime(app).engine) as session:
        READERS["/api/views"](session, own)

    assert [f"COVERING {BY_ID}" in plan for plan in found] == [True, False]  # the count, then a page of rows
