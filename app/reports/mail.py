"""What the overview tells of opens: a few figures, beside those of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import add
from uuid import UUID

from sqlalchemy import Connection

from app.core.buckets import Bucket, gathered
from app.core.figure_cards import Change, more
from app.core.period import Period
from app.core.rollup import hour_of
from app.opens import figures
from app.opens.dashboard.numbers import CLIENT, DEVICE, NOTHING, Slices, has_any, summed
from app.opens.figures import OpenFigures
from app.opens.shares import shares


@dataclass(frozen=True, slots=True)
class MailOpens:
    """`before` is of the previous period, compared with `ours`: the hours that are over. `values` as the places of the
    overview's chart."""

    total: OpenFigures
    ours: OpenFigures
    before: OpenFigures | None
    values: list[OpenFigures]
    slices: Slices

    def change(self, name: str) -> Change | None:
        """Of `views`, `firsts` or `automatic`."""
        return more(getattr(self.ours, name), getattr(self.before, name)) if self.before else None


def mail_opens(
    connection: Connection,
    account_id: UUID,
    period: Period,
    past: Period | None,
    places: Sequence[Bucket],
    now: datetime,
) -> MailOpens | None:
    """`past`: the previous period, where it is compared with. None for an account that never had an open."""
    if not has_any(connection, account_id):
        return None
    hours = figures.by_hour(connection, account_id, period.start, period.end)
    is_running = period.is_running(now)
    return MailOpens(
        total=summed(hours.values()),
        ours=summed(one for hour, one in hours.items() if not is_running or hour < hour_of(now)),
        before=figures.total(connection, account_id, past.start, past.end) if past else None,
        values=gathered(hours, [(place.start, place.end) for place in places], NOTHING, add),
        slices=shares(connection, account_id, period.start, period.end, [CLIENT, DEVICE]),
    )
