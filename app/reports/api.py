"""The API of the overview: /api/overview."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.accounts.models import Account
from app.core import clock
from app.core.api import current, endpoint, resource_blueprint
from app.core.db import db
from app.core.errors import Invalid
from app.core.period import Problem, asked
from app.reports import overview
from app.reports.schemas import OverviewOut, OverviewQuery

bp = resource_blueprint("api_overview", __name__, "/overview")

WRONG = {
    Problem.ODD_PERIOD: ("period", "Not a known period"),
    Problem.ODD_FROM: ("from", "Not a date or time in ISO 8601"),
    Problem.ODD_TO: ("to", "Not a date or time in ISO 8601"),
    Problem.BACKWARDS: ("to", "Must be after from"),
    Problem.TOO_LONG: ("to", "At most 400 days after from"),
}


@bp.get("")
@endpoint(
    summary="The figures of a period", permission="overview.view", query=OverviewQuery, answers={200: OverviewOut}
)
def show(query: OverviewQuery) -> OverviewOut:
    """Counts, shares and delays as on the overview page, by whole hours; times without an offset are in the account's
    zone. `period`: today, yesterday, 7d (the default), 28d, 90d, month, last-month. `compare`: previous (the same
    weekdays before; of a running period, the same part) or none."""
    account_id, now = current().account_id, clock.now()
    zone = db.session.scalar(select(Account.timezone).where(Account.id == account_id))
    found = asked(now, ZoneInfo(zone or "UTC"), period=query.period or "", start=query.start or "", end=query.end or "")
    if found.problems:
        name, message = WRONG[found.problems[0]]
        raise Invalid({name: [message]})
    numbers = overview.overview(db.session.connection(), account_id, found.period, query.compare, now)
    return OverviewOut.of(numbers, now)
