"""All that /api/stats says, read from the figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.periods import HOUR, Preset, days_of, to_utc
from app.core.rollup import hour_of
from app.opens import figures
from app.opens.closed.models import Kind
from app.opens.figures import LatestId
from app.opens.models import COUNTED
from app.opens.shares import Share, shares
from app.opens.stats import rows
from app.opens.stats.rows import Row
from app.opens.stats.weekdays import by_weekday_hour

RECENT = 50
HOURS_OF = timedelta(days=400)
MOST_NAMES = 100
UNKNOWN = "unknown"  # also while nobody has looked at the user agent


@dataclass(frozen=True, slots=True)
class Summary:
    """Views are with those of machines where that was asked for."""

    views: int
    unique_views: int
    unique_ids: int
    today: int
    automatic_views: int
    latest_ids: list[LatestId]
    recent: list[Row]
    by_weekday_hour: list[list[int]]
    by_device: dict[str, int]
    by_client: dict[str, int]
    automatic: bool

    @property
    def by_hour(self) -> list[int]:
        return [sum(column) for column in zip(*self.by_weekday_hour, strict=True)]

    def shown(self, one: LatestId) -> int:
        return one.views + one.automatic if self.automatic else one.views


def of(
    session: Session,
    account_id: UUID,
    start: datetime | None,
    end: datetime | None,
    zone: tzinfo,
    now: datetime,
    *,
    automatic: bool,
) -> Summary:
    """Of the UTC hours in [start, end); None is without a bound."""
    connection = session.connection()
    until = end if end is not None else hour_of(now) + HOUR
    midnight = to_utc(days_of(Preset.TODAY, now, zone)[0], zone)
    found = figures.total(connection, account_id, start, end)
    today = figures.total(connection, account_id, hour_of(midnight), hour_of(now) + HOUR)
    shown = shares(connection, account_id, start, until, [Kind.DEVICE, Kind.CLIENT])
    hours_from = until - HOURS_OF if start is None else max(start, until - HOURS_OF)
    return Summary(
        views=found.shown(automatic),
        unique_views=found.firsts,
        unique_ids=found.firsts if start is None else figures.opened_until(connection, account_id, end),
        today=today.shown(automatic),
        automatic_views=found.automatic,
        latest_ids=figures.latest_ids(connection, account_id, start, until),
        recent=rows.latest(session, account_id, start, end, limit=RECENT, automatic=automatic),
        by_weekday_hour=by_weekday_hour(connection, account_id, hours_from, until, zone, automatic=automatic),
        by_device=_named(shown[Kind.DEVICE], automatic),
        by_client=_named(shown[Kind.CLIENT], automatic),
        automatic=automatic,
    )


def _named(shown: Share, automatic: bool) -> dict[str, int]:
    found: Counter[str] = Counter()
    for (name, open_class), one in shown.items():
        if automatic or open_class in COUNTED:
            found[name or UNKNOWN] += one.views
    return {name: views for name, views in found.most_common(MOST_NAMES) if views}
