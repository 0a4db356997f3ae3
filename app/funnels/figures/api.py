"""The API of the figures: /api/reports/funnels."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.accounts.models import Account
from app.core import clock
from app.core.api import current, endpoint, resource_blueprint
from app.core.db import TooSlow, db, time_limited
from app.core.errors import Invalid, Malformed
from app.core.ids import to_uuid
from app.core.period import Compare, Problem
from app.funnels import owners
from app.funnels.figures import summary
from app.funnels.figures.asking import owner_asked, period_asked
from app.funnels.figures.report import SECONDS, report
from app.funnels.figures.schemas import FiguresQuery, FunnelFiguresOut, FunnelRowOut, ReportOut
from app.funnels.figures.scope import Scope, span_of, whole_days
from app.funnels.models import Funnel
from app.funnels.structure import reading

bp = resource_blueprint("api_funnel_figures", __name__, "/reports/funnels")

TOO_SLOW = "These figures took too long: choose a shorter period"
WRONG = {
    Problem.ODD_PERIOD: ("period", "Not a known period"),
    Problem.ODD_FROM: ("from", "Not a date in ISO 8601"),
    Problem.ODD_TO: ("to", "Not a date in ISO 8601"),
    Problem.BACKWARDS: ("to", "Must be after from"),
    Problem.TOO_LONG: ("to", "At most 400 days after from"),
}


@bp.get("")
@endpoint(
    summary="The figures of funnels",
    permission="funnels.view",
    query=FiguresQuery,
    answers={200: FunnelFiguresOut},
)
def index(query: FiguresQuery) -> FunnelFiguresOut:
    """A row per funnel, and with `funnelId` everything of that one: conversion and time by stage, value by day, won and
    lost by reason and owner, forecast. Whole days in the account's zone; `period`: today, yesterday, 7d, 28d (the
    default), 90d, month, last-month. With `ownerId`: what was done while this person owned the card."""
    account_id, now, session = current().account_id, clock.now(), db.session()
    zone = session.scalar(select(Account.timezone).where(Account.id == account_id))
    given = {"period": query.period or "", "from": query.start or "", "to": query.end or ""}
    asked = period_asked(given, now, ZoneInfo(zone or "UTC"))
    if asked.problems:
        name, message = WRONG[asked.problems[0]]
        raise Invalid({name: [message]})
    try:
        owner = owner_asked(query.owner_id, owners.names(session, account_id))
    except LookupError:
        raise Invalid({"ownerId": ["There is no such person"]}) from None
    chosen = reading.get(account_id, to_uuid(query.funnel_id)) if query.funnel_id else None
    found = select(Funnel).where(reading.mine(account_id)).order_by(Funnel.folded_name)
    funnels = [chosen] if chosen else list(session.scalars(found))
    span = span_of(whole_days(asked.period))
    try:
        with time_limited(session, SECONDS):
            rows = summary.rows(session, funnels, span, owner)
            details = (
                report(session, Scope(account_id, chosen.id, owner), asked.period, Compare.NONE, now)
                if chosen
                else None
            )
    except TooSlow:
        raise Malformed(TOO_SLOW) from None
    return FunnelFiguresOut(
        start=span.start,
        end=span.end,
        timezone=asked.period.zone.key,
        as_of=now,
        funnels=[FunnelRowOut.of(row) for row in rows],
        report=ReportOut.of(details) if details else None,
    )
