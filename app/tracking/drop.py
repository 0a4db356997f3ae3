"""What needs a person about events: that far fewer come than is usual at this time of the week."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from flask_babel import gettext as _
from sqlalchemy import Connection, Engine, func, select

from app.attention.checks import Found, Look, Severity, register
from app.attention.words import Facts, Step, Words, describe
from app.core.i18n import number
from app.core.rollup import hour_of
from app.outbound.models import DeliveryHour, Target

EVENTS_DROPPED = "events_dropped"
KIND = "conversion"  # of the deliveries that are events
DAY, WEEK, WEEKS = timedelta(hours=24), timedelta(days=7), 4
LEAST = 50  # usual events: of fewer a drop says little
DROP, NEARLY_ALL = 40, 90  # percent less than usual: worth a look, and urgent
LOOKS = timedelta(minutes=10)


@dataclass(slots=True)
class _Memory:
    """Of the last look, good for ten minutes: full hours hardly change any more."""

    since: datetime | None = None
    found: list[Found] = field(default_factory=list)


_memories: WeakKeyDictionary[Engine, _Memory] = WeakKeyDictionary()


def watch() -> None:
    register("events", [EVENTS_DROPPED], check)
    describe({EVENTS_DROPPED: _words})


def check(look: Look) -> list[Found]:
    """The last 24 full hours beside the same ones of the four weeks before, from the rollup; each ten minutes."""
    memory = _memories.setdefault(look.state.engine, _Memory())
    since = look.now.replace(minute=look.now.minute // 10 * 10, second=0, microsecond=0)
    if memory.since != since:
        memory.found, memory.since = list(_dropped(look.connection, hour_of(look.now))), since
    return memory.found


def _dropped(connection: Connection, end: datetime) -> Iterator[Found]:
    now, *before = (_accepted(connection, end - weeks * WEEK) for weeks in range(WEEKS + 1))
    for account_id in sorted(set().union(*before), key=str):
        usual, there = median(week.get(account_id, 0) for week in before), now.get(account_id, 0)
        percent = int(100 - there * 100 / usual) if usual >= LEAST else 0
        if percent >= DROP:
            severity = Severity.DANGER if percent >= NEARLY_ALL else Severity.WARNING
            facts: dict[str, Any] = {"percent": percent, "number": there, "usual": round(usual)}
            yield Found(account_id, EVENTS_DROPPED, "", severity, facts)


def _accepted(connection: Connection, end: datetime) -> dict[UUID, int]:
    """Events of 24 hours, by account; one that went to two pixels counts for each."""
    # The accounts are named so that the primary key leads to the hours; what they hold is added up before the join.
    of_pixels = select(Target.account_id).where(Target.kind == KIND).distinct()
    day = (
        select(DeliveryHour.account_id, DeliveryHour.target_id, func.sum(DeliveryHour.accepted).label("accepted"))
        .where(DeliveryHour.account_id.in_(of_pixels), DeliveryHour.hour >= end - DAY, DeliveryHour.hour < end)
        .group_by(DeliveryHour.account_id, DeliveryHour.target_id)
        .subquery()
    )
    is_mine = (Target.id == day.c.target_id) & (Target.account_id == day.c.account_id) & (Target.kind == KIND)
    counted = select(day.c.account_id, func.sum(day.c.accepted)).join(Target, is_mine).group_by(day.c.account_id)
    return {account_id: int(total) for account_id, total in connection.execute(counted)}


def _words(_subject: str, facts: Facts) -> Words:
    amounts = {name: number(int(facts[name])) for name in ("percent", "number", "usual")}
    return Words(
        _("%(percent)s%% fewer events than usual", percent=amounts["percent"]),
        _("%(number)s in the last 24 full hours; at this time of the week it is %(usual)s.",
          number=amounts["number"], usual=amounts["usual"]),
        _("Find out whether a site lost its tag or an application stopped sending. If it is meant, it ends by itself."),
        (Step(_("See the events"), "events.index", "events.view"),),
    )  # fmt: skip
