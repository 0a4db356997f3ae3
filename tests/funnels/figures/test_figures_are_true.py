"""Every figure equals a computation in plain Python over what the cards were, whatever happened to them."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.contacts import service as contacts
from app.contacts.service import Source
from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from app.core.ids import uuid7
from app.core.period import Compare, Period
from app.funnels.cards.history import Doer
from app.funnels.figures import summary
from app.funnels.figures.report import Report, previous, report
from app.funnels.figures.scope import Scope, span_of
from app.funnels.models import Stage
from app.funnels.owners import NOBODY
from app.funnels.structure import reading, service
from tests.funnels.figures.brute_force import Truth, days_between, midnight
from tests.funnels.figures.lives import LONG, VERBS, Life, Step
from tests.people import new_user

EXAMPLES = int(os.environ.get("FUNNEL_EXAMPLES", "8"))
ZONES = ["America/Sao_Paulo", "Asia/Kathmandu", "Europe/Lisbon", "Pacific/Chatham"]
PERIODS = st.lists(st.tuples(st.integers(-3, 60), st.integers(0, 40)), min_size=2, max_size=2)


class Undone(Exception):
    """Ends an example, whose rows go with it."""


def born(actor: Actor, people: list[UUID], owners: list[UUID], travel: Any) -> Life:
    funnel = service.create(actor, {"name": f"Vendas {uuid7()}", "pattern": "leads"})
    last = reading.stages_of(db.session(), funnel.id)[-1]
    also = {"name": "Desistiu", "folded_name": "desistiu", "position": last.position + 1, "kind": "lost", "chance": 0}
    made = {"color": last.color, "created_at": last.created_at, "updated_at": last.updated_at}
    db.session.add(Stage(id=uuid7(), account_id=funnel.account_id, funnel_id=funnel.id, **also, **made))
    db.session.flush()
    return Life(Doer(actor), funnel, people, owners, travel)


def check(life: Life, owner: Any, days: tuple[date, date], zone: ZoneInfo) -> None:
    """All figures of one period and owner (`...`: everybody)."""
    now = clock.now()
    bounds = [datetime.combine(days[0], time()), datetime.combine(days[1], time()) + timedelta(days=1)]
    asked = Period(bounds[0], bounds[1], zone)
    scope_owner = {None: NOBODY, ...: None}.get(owner, owner)
    scope = Scope(life.funnel.account_id, life.funnel.id, scope_owner)
    found = report(db.session(), scope, asked, Compare.PREVIOUS, now)
    stages = [(one.id, one.kind, one.chance) for one in life.stages]
    whole = Truth(life.seen, stages, owner, midnight(days[0], zone), midnight(days[1] + timedelta(days=1), zone))
    assert [one.id for one in found.stages] == whole.open
    for one in found.stages:
        assert (one.flow.entered, one.flow.went_on, one.flow.lost) == whole.flow(one.id)
        stays = one.stays and (one.stays.count, one.stays.average_s, one.stays.median_s)
        assert stays == pytest.approx(whole.stays(one.id)) if stays else whole.stays(one.id) is None
        standing = one.standing and (one.standing.count, one.standing.average_s)
        there = whole.standing(one.id, now)
        assert standing == pytest.approx(there, rel=1e-6, abs=1e-3) if standing else there is None
    assert (found.cohort.created, found.cohort.won) == whole.cohort()
    of_days(found, whole, zone, days_between(*days, now.astimezone(zone).date()))
    of_closings(found, whole)
    assert [(one.count, one.value, one.weighted) for one in found.forecast] == whole.forecast(
        now.astimezone(zone).date()
    )
    of_the_period_before(found, whole, asked, now)
    (row,) = summary.rows(db.session(), [life.funnel], span_of(asked), scope_owner)
    opened = [one for one in whole.on_board() if one.state == "open"]
    assert (row.open_count, row.open_value) == (len(opened), sum(one.value for one in opened))
    assert [(side.count, side.value) for side in (row.outcome.won, row.outcome.lost)] == [
        (side.count, side.value) for side in (found.outcome.won, found.outcome.lost)
    ]


def of_days(found: Report, whole: Truth, zone: ZoneInfo, days: list[date]) -> None:
    assert found.days == days
    assert found.values == [whole.open_value(midnight(day + timedelta(days=1), zone)) for day in days]
    assert found.won == [whole.won_on(day, zone) for day in days]


def of_closings(found: Report, whole: Truth) -> None:
    closings = whole.closings()
    assert sides(found.outcome) == whole.outcome(closings)
    owners = {one.owner for one in closings}
    assert {owner: sides(one) for owner, one in found.by_owner} == {
        owner: whole.outcome([one for one in closings if one.owner == owner]) for owner in owners
    }
    for state, ranked in (("won", found.won_by_reason), ("lost", found.lost_by_reason)):
        own = [one for one in closings if one.state == state]
        assert {reason: (side.count, side.value, side.lived_s) for reason, side in ranked} == {
            reason: whole.outcome([one for one in own if one.reason == reason])[state]
            for reason in {one.reason for one in own}
        }
        assert [side.count for _reason, side in ranked] == sorted((one[1].count for one in ranked), reverse=True)


def of_the_period_before(found: Report, whole: Truth, asked: Period, now: datetime) -> None:
    assert found.before is not None
    back = timedelta(weeks=max(1, -(-(asked.last - asked.first).days // 7)))
    last = asked.last - back
    if whole.start < now < whole.end:
        last = now.astimezone(asked.zone).replace(tzinfo=None) - back
    assert (found.before.period.first, found.before.period.last) == (asked.first - back, last)
    bounds = span_of(previous(asked, now))
    past = replace(whole, start=bounds.start, end=bounds.end)
    assert (found.before.cohort.created, found.before.cohort.won) == past.cohort()
    assert sides(found.before.outcome) == past.outcome(past.closings())
    assert found.before.open_value == past.open_value(past.end)


def sides(one: Any) -> dict[str, tuple[Any, ...]]:
    return {name: (side.count, side.value, side.lived_s) for name, side in (("won", one.won), ("lost", one.lost))}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_figures_equal_a_replay_of_what_happened(app: Flask, actor: Actor, travel: Callable[[timedelta], None]) -> None:
    owners = [new_user(app, "operator", actor.account_id).id for _ in range(2)]
    with write():
        people = [contacts.create(actor, {"name": f"Pessoa {n}"}, Source.FORM).id for n in range(6)]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize="FUNNEL_EXAMPLES" not in os.environ,
        phases=[Phase.explicit, Phase.generate] + ([Phase.shrink] if EXAMPLES > 8 else []),
        suppress_health_check=list(HealthCheck),
    )
    @given(LONG, PERIODS, st.sampled_from(ZONES), st.sampled_from([..., None, 0, 1]), st.integers(0, 80))
    def lived(steps: list[Step], periods: list[tuple[int, int]], zone_name: str, owner: Any, deletes_at: int) -> None:
        began, zone = clock.now(), ZoneInfo(zone_name)
        try:
            with contextlib.suppress(Undone), write():
                life = born(actor, people, owners, travel)
                life.live(steps, deletes_at)
                first = began.astimezone(zone).date()
                who = owners[owner] if isinstance(owner, int) else owner
                for start, length in periods:
                    day = first + timedelta(days=start)
                    check(life, who, (day, day + timedelta(days=length)), zone)
                check(life, ..., (first, clock.now().astimezone(zone).date()), zone)
                raise Undone
        finally:
            travel(timedelta(seconds=-sum(step.after_s for step in steps)))

    lived()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_other_database_counts_the_same(app: Flask, actor: Actor, travel: Callable[[timedelta], None]) -> None:
    owners, chance = [new_user(app, "operator", actor.account_id).id], random.Random(8)
    with write():
        people = [contacts.create(actor, {"name": f"Pessoa {n}"}, Source.FORM).id for n in range(6)]
    steps = [
        Step(chance.randrange(40_000), chance.choice(VERBS), chance.randrange(30), chance.randrange(30), 77 * n)
        for n in range(120)
    ]
    zone, first = ZoneInfo("America/Sao_Paulo"), clock.now().date()
    with contextlib.suppress(Undone), write():
        life = born(actor, people, owners, travel)
        life.live(steps, 60)
        assert {one.state for one in life.seen} == {"open", "won", "lost"}  # else it proves little
        for owner in (..., None, owners[0]):
            check(life, owner, (first + timedelta(days=3), first + timedelta(days=15)), zone)
        check(life, ..., (first - timedelta(days=1), clock.now().date() + timedelta(days=1)), zone)
        raise Undone
