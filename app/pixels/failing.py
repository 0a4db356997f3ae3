"""What needs a person about pixels: that too few of their events arrive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from flask_babel import gettext as _
from sqlalchemy import Engine, Row, func, select

from app.attention.checks import Found, Look, Severity, register
from app.attention.words import Facts, Step, Words, describe
from app.core.i18n import number, percent
from app.core.rollup import hour_of
from app.deliveries.standing import GOOD_SHARE
from app.outbound.models import DeliveryHour, Target, TargetState
from app.outbound.watch_words import target_steps
from app.pixels.models import Pixel

PIXEL_FAILING = "pixel_failing"
DAY_HOURS, HOUR = 24, timedelta(hours=1)
LEAST = 20  # events that are done or given up: of fewer a share says little
MOST_FAIL = 0.5  # of them arriving: then it is urgent


@dataclass(slots=True)
class _Memory:
    """Of the last look, good for its minute: the sums are of a day."""

    minute: datetime | None = None
    found: list[Found] = field(default_factory=list)


_memories: WeakKeyDictionary[Engine, _Memory] = WeakKeyDictionary()


def watch() -> None:
    register("failing pixels", [PIXEL_FAILING], check)
    describe({PIXEL_FAILING: _words})


def check(look: Look) -> list[Found]:
    """From the rollup of the last 24 hours, by the hour of acceptance; once a minute."""
    memory, minute = _memories.setdefault(look.state.engine, _Memory()), look.now.replace(second=0, microsecond=0)
    if memory.minute != minute:
        memory.found, memory.minute = list(_failing(look)), minute
    return memory.found


def _failing(look: Look) -> Iterator[Found]:
    start = hour_of(look.now) + HOUR - DAY_HOURS * HOUR
    # The accounts are named so that the primary key leads to the hours; what they hold is added up before any join.
    mine = DeliveryHour.account_id.in_(select(Pixel.account_id).distinct()), DeliveryHour.hour >= start
    done, dead = func.sum(DeliveryHour.done), func.sum(DeliveryHour.dead)
    day = (
        select(DeliveryHour.target_id, done.label("done"), dead.label("dead"))
        .where(*mine)
        .group_by(DeliveryHour.account_id, DeliveryHour.target_id)
        .having(dead > 0, done + dead >= LEAST)
        .subquery()
    )
    wanted = (
        select(Target.id, Target.account_id, Target.label, day.c.done, day.c.dead)
        .join(day, day.c.target_id == Target.id)
        .join(Pixel, Pixel.id == Target.id)
        .where(Pixel.active.is_(True), Target.state == TargetState.ACTIVE)
    )
    rows: Iterable[Row[Any]] = look.connection.execute(wanted)
    for row in rows:
        yield from _judged(row)


def _judged(row: Row[Any]) -> Iterator[Found]:
    decided = int(row.done + row.dead)
    share = int(row.done) / decided
    if share < GOOD_SHARE:
        severity = Severity.DANGER if share < MOST_FAIL else Severity.WARNING
        facts = {"target": row.label, "share": int(share * 100), "decided": round(decided, 2 - len(str(decided)))}
        yield Found(row.account_id, PIXEL_FAILING, str(row.id), severity, facts)


def _words(subject: str, facts: Facts) -> Words:
    share, decided = percent(int(facts["share"]) / 100, 0), number(int(facts["decided"]))
    return Words(
        _("%(target)s: only %(share)s of its events arrive", target=facts["target"], share=share),
        _("Of some %(number)s events of the last 24 hours that it is done with; the others were given up.",
          number=decided),
        _("Look at why they were given up, repair the cause, then send them again."),
        (
            *target_steps(subject, {"kind": "conversion"}, None)[:1],
            Step(_("See them"), "dead_letters", "deliveries.view", {"target": subject}),
        ),
    )  # fmt: skip
