"""The figures of opens as they are shifted: what goes in and what is taken out again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import Connection, select

from app.core.db import begin_write
from app.core.runtime import runtime
from app.opens.models import OpenHour, OpenSliceDay, OpenSliceHour
from app.opens.rollups import Counted, shift
from tests.opens.opens_fixtures import account_of

HOUR = datetime(2026, 11, 20, 23, tzinfo=UTC)
IMAGE, OTHER = UUID(int=1), UUID(int=2)


def counted(account: UUID, **fields: Any) -> Counted:
    one = Counted(account, HOUR + timedelta(minutes=59), IMAGE, "human", "", "", 1, True, False)
    return one._replace(**fields)


def hours(connection: Connection) -> list[tuple[Any, ...]]:
    columns = (OpenHour.hour, OpenHour.views, OpenHour.automatic, OpenHour.firsts, OpenHour.hits)
    return [tuple(row) for row in connection.execute(select(*columns).order_by(OpenHour.hour)) if any(row[1:])]


def slices(connection: Connection, model: Any) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    columns = model.__table__.c
    rows = connection.execute(select(*columns).order_by(*columns))
    at = "hour" if model is OpenSliceHour else "day"
    keys, counts = (at, "image_id", "class", "client", "device"), ("views", "opens", "firsts", "hits")
    found = {tuple(row._mapping[key] for key in keys): tuple(row._mapping[name] for name in counts) for row in rows}
    return {key: row for key, row in found.items() if any(row)}


def test_figures_follow_every_change(app: Flask) -> None:
    account = account_of(app)
    first = counted(account, is_first=True, hits=3)
    further = counted(account, image_id=OTHER, is_view=False)
    machine = counted(account, at=HOUR + timedelta(hours=1), open_class="prefetch")
    with begin_write(runtime(app).engine) as connection:
        shift(
            connection, [(None, first), (None, further), (None, machine), (None, first._replace(is_new=False, hits=2))]
        )

        midnight = HOUR + timedelta(hours=1)
        assert hours(connection) == [(HOUR, 1, 0, 1, 6), (midnight, 0, 1, 0, 1)]
        assert slices(connection, OpenSliceHour) == {
            (HOUR, IMAGE, "human", "", ""): (1, 1, 1, 5),
            (HOUR, OTHER, "human", "", ""): (0, 1, 0, 1),
            (midnight, IMAGE, "prefetch", "", ""): (1, 1, 0, 1),
        }
        assert [key[0] for key in slices(connection, OpenSliceDay)] == [HOUR.replace(hour=0)] * 2 + [midnight]

        described = first._replace(client="Outlook", device="computer", hits=5)
        shift(connection, [(first._replace(hits=5), described), (machine, machine._replace(open_class="human"))])
        assert hours(connection) == [(HOUR, 1, 0, 1, 6), (midnight, 1, 0, 0, 1)]
        assert slices(connection, OpenSliceHour) == {
            (HOUR, IMAGE, "human", "Outlook", "computer"): (1, 1, 1, 5),
            (HOUR, OTHER, "human", "", ""): (0, 1, 0, 1),
            (midnight, IMAGE, "human", "", ""): (1, 1, 0, 1),
        }

        shift(connection, [(described, None), (further, None), (machine._replace(open_class="human"), None)])
        assert hours(connection) == []
        assert slices(connection, OpenSliceHour) == slices(connection, OpenSliceDay) == {}


def test_nothing_is_written_for_nothing(app: Flask) -> None:
    one = counted(account_of(app))
    with begin_write(runtime(app).engine) as connection:
        shift(connection, [])
        shift(connection, [(one, one)])

        assert connection.execute(select(OpenHour.hour)).all() == []
