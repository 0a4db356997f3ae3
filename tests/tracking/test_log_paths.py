"""Each filter of the log walks an index: SQLite says how it would find the rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from app.core import clock
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.outbound.models import ErrorClass
from app.tracking.filters import Filters, Wish
from app.tracking.log import statements
from app.tracking.log_paths import Keys, Query, Stretch, request_id
from app.tracking.pixel_targets import pixel_targets
from tests.people import Browser
from tests.tracking.events import new_event, new_target

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
EVENT = uuid7()
OWN_KEY = "sqlite_autoindex_tracked_event_1"
NEITHER = ("SCAN tracked_event", "SCAN delivery", "USE TEMP B-TREE FOR ORDER BY")


@pytest.fixture
def pixels(app: Flask, admin: Browser) -> dict[str, UUID]:
    """Two pixels; the second holds next to nothing."""
    own = admin.person.account_id
    found = {label: new_target(app, own, label) for label in ("Kwai 1", "Meta 2")}
    for status in ("done", "dead", "cancelled", "pending", "pending"):
        new_event(app, own, found["Kwai 1"], status)
    new_event(app, own, found["Meta 2"], "pending")
    return found


def plans(app: Flask, account_id: UUID, wanted: Filters, after: bool = False) -> list[list[str]]:
    """What SQLite would do for each statement of a search."""
    with Session(runtime(app).engine) as session:
        behind = (clock.now(), uuid7()) if after else None
        query = Query(account_id, wanted, pixel_targets(session, account_id), Stretch(wanted.start, wanted.end, behind))
        found = statements(session.connection(), query, 50)
        assert found
        return [plan_of(session, one.limit(50)) for one in found]


def plan_of(session: Session, statement: Keys) -> list[str]:
    compiled = statement.compile(
        dialect=sqlite.dialect(paramstyle="named"), compile_kwargs={"render_postcompile": True}
    )
    text = str(compiled)
    rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", dict.fromkeys(compiled.params, ""))
    return [str(row[3]) for row in rows]


@pytest.mark.parametrize(
    ("given", "index"),
    [
        ({}, OWN_KEY),
        ({"platform": "kwai"}, "ix_tracked_event_target"),
        ({"pixel": "2"}, "ix_tracked_event_target"),
        ({"event": "Lead"}, "ix_tracked_event_name"),
        ({"client": UUID(int=1)}, "ix_tracked_event_client"),
        ({"client": UUID(int=1), "pixel": "2", "event": "Lead"}, "ix_tracked_event_client"),
        ({"start": clock.now() - timedelta(days=1), "end": clock.now()}, OWN_KEY),
        ({"status": Wish.DELIVERED}, OWN_KEY),
        ({"status": Wish.DELIVERED, "pixel": "1"}, "ix_tracked_event_target"),
        ({"status": Wish.DELIVERED, "client": UUID(int=1)}, "ix_tracked_event_client"),
        ({"status": Wish.FAILED}, "ix_delivery_dead_id"),
        ({"status": Wish.FAILED, "client": UUID(int=1)}, "ix_delivery_dead_id"),
        ({"status": Wish.FAILED, "pixel": "1"}, "ix_delivery_dead_target"),
        ({"error": ErrorClass.REFUSED}, "ix_delivery_dead_id"),
        ({"status": Wish.CANCELLED}, "ix_delivery_cancelled"),
        ({"status": Wish.WAITING}, "ix_delivery_open"),
        ({"status": Wish.PENDING, "event": "Lead"}, "ix_delivery_open"),
    ],
)
@pytest.mark.parametrize("after", [False, True])
def test_a_filter_walks_its_index_in_order(
    app: Flask, admin: Browser, pixels: dict[str, UUID], given: dict[str, Any], index: str, after: bool
) -> None:
    for plan in plans(app, admin.person.account_id, Filters(**given), after):
        assert index in plan[0], plan
        assert not [step for step in plan if step.startswith(NEITHER)], plan


def test_little_that_waits_for_one_pixel_is_taken_by_what_is_due(
    app: Flask, admin: Browser, pixels: dict[str, UUID]
) -> None:
    ((first, *_rest),) = plans(app, admin.person.account_id, Filters(status=Wish.PENDING, pixel="2"))
    assert "ix_delivery_due" in first


def test_an_id_is_looked_up_by_its_own_index(app: Flask, admin: Browser) -> None:
    by_event_id, by_click, by_key = plans(app, admin.person.account_id, Filters(text=request_id(EVENT)))
    assert "ix_tracked_event_event_id" in by_event_id[0]
    assert "ix_tracked_event_click_id" in by_click[0]
    assert f"{OWN_KEY} (account_id=? AND created_at=? AND id=?)" in by_key[0]
