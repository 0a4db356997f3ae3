"""The API of source 2: /api/stats and /api/views/{id_fatura}."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from werkzeug.routing import BaseConverter

from app.accounts.models import Account
from app.accounts.sign_in import first_account
from app.core import clock
from app.core.api import Principal, current, endpoint, resource_blueprint
from app.core.db import db
from app.core.masking import seen_address
from app.core.runtime import runtime
from app.opens import ids
from app.opens.stats import rows, summary
from app.opens.stats.rows import Row
from app.opens.stats.schemas import HourOut, InvoiceOut, OpenOut, StatsOut, StatsQuery, ViewsOut, ViewsQuery
from app.opens.stats.spans import span
from app.opens.stats.summary import Summary

PERMISSION = "stats.read"
stats_bp = resource_blueprint("api_stats", __name__, "/stats")
views_bp = resource_blueprint("api_views", __name__, "/views")


class AnyText(BaseConverter):
    """A part of a path that may hold anything, slashes at either end too: an id is whatever its sender chose."""

    regex = r"[\s\S]+?"
    part_isolating = False
    weight = 200


def anybody() -> Principal | None:
    """With STATS_PUBLIC=1, who asks without a token reads the first account's."""
    if not runtime().settings.stats_public:
        return None
    return Principal(first_account(db.session()).id, frozenset({PERMISSION}))


@stats_bp.get("")
@endpoint(
    summary="Figures of e-mail opens",
    permission=PERMISSION,
    query=StatsQuery,
    answers={200: StatsOut},
    without_token=anybody,
)
def stats(query: StatsQuery) -> StatsOut:
    """Views are counted opens after folding: the same load within seconds, and further images of one viewing, are one.
    Prefetches and bots are `automatic_views`. Times without an offset and the hours of `by_hour` and `by_weekday_hour`
    are in the account's zone. For client apps with the scope `stats:read` and for people. The setting STATS_PUBLIC=1
    lets anybody read the first account's without a token, which shows ids, user agents and (by default masked)
    addresses to everybody: personal data."""
    account_id = current().account_id
    name = db.session.scalar(select(Account.timezone).where(Account.id == account_id)) or "UTC"
    zone, now = ZoneInfo(name), clock.now()
    start, end = span(query.start, query.end, zone)
    found = summary.of(db.session(), account_id, start, end, zone, now, automatic=query.automatic == "1")
    return _stats(found, start, end, name, now)


def _stats(found: Summary, start: datetime | None, end: datetime | None, zone: str, now: datetime) -> StatsOut:
    return StatsOut(
        total_views=found.views,
        unique_views=found.unique_views,
        unique_invoices=found.unique_ids,
        views_today=found.today,
        automatic_views=found.automatic_views,
        by_invoice=[
            InvoiceOut(id_fatura=each.ref, views=found.shown(each), first_at=each.first_at, last_at=each.last_at)
            for each in found.latest_ids
        ],
        recent=[_open(row) for row in found.recent],
        by_hour=[HourOut(hour=hour, views=views) for hour, views in enumerate(found.by_hour)],
        by_weekday_hour=found.by_weekday_hour,
        by_device=found.by_device,
        by_client=found.by_client,
        start=start,
        end=end,
        timezone=zone,
        as_of=now,
    )


@views_bp.get("/<anytext:id_fatura>")
@endpoint(
    summary="The opens of one id",
    permission=PERMISSION,
    query=ViewsQuery,
    answers={200: ViewsOut},
    without_token=anybody,
)
def views(id_fatura: str, query: ViewsQuery) -> ViewsOut:
    """Newest first, all classes. An unknown id is an empty list. The id is cleaned and cut as the image's address is:
    at 255 characters, without control characters. `STATS_PUBLIC=1` opens it as it does `/api/stats`."""
    account_id, ref = current().account_id, ids.clean(id_fatura).text
    found = rows.of_id(db.session(), account_id, ref, after=query.after, page=query.page, limit=query.limit)
    answer = found.answer(lambda row: _open(Row(*row)))
    return ViewsOut(data=answer.data, pagination=answer.pagination)


def _open(row: Row) -> OpenOut:
    found: Any = row.open
    return OpenOut(
        id_fatura=found.ref,
        file=found.file,
        timestamp=found.created_at,
        ip_address=seen_address(found.address),
        user_agent=row.agent or "",
        referer=found.referer,
        open_class=found.open_class,
        reason=found.reason,
        client=found.client,
        device=found.device,
        counted=row.counted,
    )
