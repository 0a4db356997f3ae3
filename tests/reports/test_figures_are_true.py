"""Every figure of the rollups equals a computation over the raw rows, whatever happened."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import Connection, Row, select

from app.core import clock
from app.core.period import Compare, Period
from app.core.periods import DAY, HOUR
from app.core.rollup import hour_of
from app.outbound import figures
from app.outbound.figures import Figures
from app.outbound.models import DELAY_BOUNDS_S, DELAYS, Delivery
from app.reports import overview
from app.simulator import Simulator
from app.tracking import matches
from app.tracking.matches import SIGNS
from app.tracking.models import TrackedEvent
from tests.reports.story import PLATFORMS, Story
from tests.tracking_fixtures import Sender

Rows = list[Row[tuple[Delivery]]]


@pytest.fixture
def live(
    app: Flask,
    simulator: Simulator,
    drain: Callable[..., None],
    travel: Callable[[timedelta], None],
    make_pixel: Callable[..., UUID],
    make_sender: Callable[..., Sender],
) -> Callable[[int], Story]:
    def lived(seed: int) -> Story:
        ids = {make_pixel(platform, id_): (platform, id_) for platform, ids in PLATFORMS.items() for id_ in ids}
        story = Story(app, random.Random(seed), make_sender(), simulator, drain, travel, ids)
        story.live(45)
        return story

    return lived


def counted(rows: Rows) -> Figures:
    """What the figures of these deliveries are by their definition."""
    states = Counter(row.status for row in rows)
    places = Counter(
        bisect_left(DELAY_BOUNDS_S, (row.done_at - row.ref_at).total_seconds()) for row in rows if row.status == "done"
    )
    delays = tuple(places[place] for place in range(len(DELAYS)))
    return Figures(len(rows), states["done"], states["dead"], states["cancelled"], delays)


def p95(rows: Rows) -> float | None:
    """By laying the delays out one by one, each in its bucket."""
    laid = sorted(
        bisect_left(DELAY_BOUNDS_S, (row.done_at - row.ref_at).total_seconds()) for row in rows if row.status == "done"
    )
    if not laid:
        return None
    wanted = 0.95 * len(laid)
    place = next(place for number, place in enumerate(laid, 1) if number >= wanted)
    if place == len(DELAY_BOUNDS_S):
        return float(DELAY_BOUNDS_S[-1])
    low = DELAY_BOUNDS_S[place - 1] if place else 0.0
    share = (wanted - laid.index(place)) / laid.count(place)
    return low + (DELAY_BOUNDS_S[place] - low) * share


@pytest.mark.parametrize("seed", [1, 2])
def test_figures_equal_the_raw_rows(app: Flask, live: Callable[[int], Story], seed: int) -> None:
    story = live(seed)
    with story.engine.connect() as connection:
        rows: Rows = list(connection.execute(select(Delivery.__table__)).all())
        first, last = hour_of(min(row.ref_at for row in rows)), hour_of(clock.now()) + HOUR
        assert len({row.status for row in rows}) >= 3  # else the story proves little

        of_deliveries(connection, story.account_id, rows, first, last)
        of_the_present(connection, story.account_id, rows)
        of_matches(connection, story.account_id, first, last)
        of_the_overview(connection, story.account_id, rows, first, last)


def of_deliveries(connection: Connection, account_id: UUID, rows: Rows, first: datetime, last: datetime) -> None:
    total = figures.total(connection, account_id, first, last)
    assert total == counted(rows)
    assert total.p95_s == pytest.approx(p95(rows))
    assert total.waiting == sum(row.status in ("pending", "leased") for row in rows)
    by_target = figures.by_target(connection, account_id, first, last)
    assert set(by_target) == {row.target_id for row in rows}
    for target_id, found in by_target.items():
        own = [row for row in rows if row.target_id == target_id]
        assert found == counted(own)
        assert found.p95_s == pytest.approx(p95(own))
        by_hour = figures.by_hour(connection, account_id, first, last, [target_id])
        hours = {hour_of(row.ref_at) for row in own}
        assert by_hour == {hour: counted([row for row in own if hour_of(row.ref_at) == hour]) for hour in hours}


def of_the_present(connection: Connection, account_id: UUID, rows: Rows) -> None:
    found = figures.now_by_target(connection, account_id)
    for target_id in {row.target_id for row in rows}:
        own = [row for row in rows if row.target_id == target_id]
        now = found.get(target_id, figures.Now())
        waiting = [row for row in own if row.status in ("pending", "leased")]
        assert now.dead == Counter(row.error for row in own if row.status == "dead")
        assert (now.open, now.due_at) == (len(waiting), min((row.next_at for row in waiting), default=None))


def of_matches(connection: Connection, account_id: UUID, first: datetime, last: datetime) -> None:
    events = [
        one for one in connection.execute(select(TrackedEvent.__table__)) if one.platform == "facebook" and one.identity
    ]
    whole = first, last, None
    parts = {(hour_of(one.created_at), hour_of(one.created_at) + HOUR, one.target_id) for one in events}
    for start, end, target_id in [whole, *parts]:
        own = [one for one in events if start <= one.created_at < end and target_id in (None, one.target_id)]
        found = matches.total(connection, account_id, start, end, target_id)
        assert found.events == len(own)
        assert found.signs == {sign: sum(bool(one.identity.get(name)) for one in own) for sign, name in SIGNS.items()}


def of_the_overview(connection: Connection, account_id: UUID, rows: Rows, first: datetime, last: datetime) -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    walls = [moment.astimezone(zone).replace(tzinfo=None) for moment in (first, last)]
    period = Period(walls[0], walls[1], zone)
    found = overview.overview(connection, account_id, period, Compare.PREVIOUS, clock.now())
    assert found.total == counted(rows)
    assert sum(number or 0 for row in found.weekdays for number in row) == len(rows)
    for place, shown in zip(found.places, found.values, strict=True):
        real = counted([row for row in rows if place.start <= row.ref_at < place.end])
        assert replace(shown, delays=real.delays) == real  # they come without delays
    for health in found.health:
        own = [row for row in rows if row.target_id == health.target_id]
        assert (health.figures, sum(health.accepted)) == (counted(own), len(own))
    later = Period(walls[1], walls[1] + (walls[1] - walls[0]), zone)
    past = overview.overview(connection, account_id, later, Compare.PREVIOUS, clock.now() + 400 * DAY).comparison
    assert past is not None
    assert past.total == counted([row for row in rows if past.period.start <= row.ref_at < past.period.end])
