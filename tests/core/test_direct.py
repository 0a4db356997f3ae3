"""Statements that go around SQLAlchemy on SQLite come to the same as those that do not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import DBAPIError

from app.accounts.models import Account
from app.core import clock
from app.core.db import begin_write
from app.core.direct import Direct
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.outbound.models import Target

COLUMNS = (Target.id, Target.account_id, Target.label, Target.failures, Target.not_before, Target.updated_at)


@pytest.fixture
def targets(app):
    """Two rows of many types, and the engine to reach them by."""
    engine, now = runtime(app).engine, clock.now()
    with begin_write(engine) as connection:
        account_id = connection.scalar(select(Account.id))
        shared = {"account_id": account_id, "kind": "conversion", "updated_at": now}
        rows = [
            {**shared, "id": uuid7(), "label": "São Paulo", "failures": 3, "not_before": now + timedelta(hours=1)},
            {**shared, "id": uuid7(), "label": "", "failures": 0, "not_before": None},
        ]
        connection.execute(insert(Target), rows)
    return engine, [row["id"] for row in rows]


def test_rows_are_those_that_sqlalchemy_gives(targets):
    engine, ids = targets
    wanted = select(*COLUMNS).where(Target.id.in_(bindparam("ids", expanding=True))).order_by(Target.id)

    with engine.connect() as connection:
        told = [tuple(row) for row in connection.execute(wanted, {"ids": ids})]
        assert Direct(wanted)(connection, {"ids": ids}) == told
        assert Direct(wanted)(connection, {"ids": [uuid7()]}) == []

    assert [row[0] for row in told] == ids


def test_what_is_changed_is_returned_and_written_as_sqlalchemy_would(targets):
    engine, (one, two) = targets
    until = clock.now() + timedelta(days=1)
    change = Direct(
        update(Target)
        .where(Target.id == bindparam("one"))
        .values(not_before=bindparam("until"), state="paused", failures=Target.failures + 1)
        .returning(Target.id, Target.failures)
    )

    with begin_write(engine) as connection:
        assert change(connection, {"one": one, "until": until}) == [(one, 4)]

    with engine.connect() as connection:
        stored = connection.execute(select(Target.id, Target.state).where(Target.not_before == until)).all()
        assert [tuple(row) for row in stored] == [(one, "paused")]
        assert connection.scalar(select(Target.failures).where(Target.id == two)) == 0


def test_a_refused_value_is_sqlalchemys_error_without_the_value(targets):
    engine, (one, _) = targets
    change = Direct(update(Target).where(Target.id == bindparam("one")).values(state=bindparam("new")))

    with pytest.raises(DBAPIError) as caught, begin_write(engine) as connection:
        change(connection, {"one": one, "new": "SECRET"})

    assert "SECRET" not in str(caught.value).partition("[SQL")[2]
