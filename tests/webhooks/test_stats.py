"""The figures of a webhook are what counting its attempts gives, whatever was tried."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from app.core import clock
from app.core.access import Actor
from app.core.db import begin_write
from app.core.exchange import Outcome
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.outbound.attempts import AttemptLog
from app.outbound.kinds import Kinds, Leased
from app.outbound.models import Attempt
from app.outbound.results import Result
from app.webhooks import stats
from app.webhooks.models import KIND, WebhookHour

OUTCOMES = (Outcome.sent(), Outcome.retry("HTTP 500"), Outcome.rejected("HTTP 400"))
TRIED = st.lists(
    st.tuples(st.sampled_from(OUTCOMES), st.integers(0, 40 * 24 * 60), st.integers(0, 30_000), st.booleans()),
    max_size=12,
)


def counted(rows: list[Any], first: date, zone: Any) -> tuple[dict[date, list[int]], int]:
    days: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    duration = 0
    for row in rows:
        day = row.started_at.astimezone(zone).date()
        if day >= first:
            days[day][row.outcome != "sent"] += 1
            duration += row.duration_ms
    return dict(days), duration


def test_stats_equal_a_count_of_the_attempts(
    app: Flask, owner: Actor, subscribe: Callable[..., tuple[UUID, str]]
) -> None:
    mine, other = subscribe()[0], subscribe()[0]
    engine, kind = runtime(app).engine, Kinds(runtime(app)).get(KIND)
    now, zone = clock.now(), ZoneInfo("America/Sao_Paulo")

    def result(outcome: Outcome, minutes: int, ms: int, is_mine: bool) -> Result:
        at = now - timedelta(minutes=minutes)
        target = mine if is_mine else other
        leased = Leased(owner.account_id, uuid7(), KIND, target, uuid7(), at, 1, None, None, "t")
        return Result(leased, outcome, at, ms)

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(TRIED)
    def check(tried: list[Any]) -> None:
        results = [result(*one) for one in tried]
        with begin_write(engine) as connection:
            connection.execute(delete(Attempt))
            connection.execute(delete(WebhookHour))
            for half in (results[:5], results[5:]):
                AttemptLog(half).write(connection, None)
                kind.book(connection, half, [], now)
            rows = connection.execute(select(Attempt.__table__).where(Attempt.target_id == mine)).all()
            for where in (UTC, zone):
                found = stats.of(connection, owner.account_id, mine, now, 30, where)
                days, duration = counted(rows, now.astimezone(where).date() - timedelta(days=29), where)
                assert [day.date for day in found.days] == sorted(day.date for day in found.days)
                assert {
                    day.date: [day.successful, day.failed] for day in found.days if day.successful + day.failed
                } == days
                assert (found.total, found.successful) == (
                    sum(map(sum, days.values())),
                    sum(one[0] for one in days.values()),
                )
                assert found.average_ms == (round(duration / found.total, 1) if found.total else None)

    check()


def test_every_day_is_there_and_nothing_is_no_rate(app: Flask, owner: Actor) -> None:
    now = datetime(2026, 3, 1, 0, 30, tzinfo=UTC)
    with runtime(app).engine.connect() as connection:
        found = stats.of(connection, owner.account_id, uuid7(), now)
    assert (len(found.days), found.days[-1].date, found.days[0].date) == (30, date(2026, 3, 1), date(2026, 1, 31))
    assert (found.total, found.success_rate, found.average_ms) == (0, None, None)
