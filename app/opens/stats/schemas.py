"""What the API of opens takes and gives: the snake_case of its source."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.core import cursor
from app.core.pagination import DEFAULT_LIMIT, MAX_LIMIT, MAX_PAGE, PageNumbers
from app.core.schema import Schema

OPEN: dict[str, Any] = {
    "id_fatura": "FAT001",
    "file": "logo.png",
    "timestamp": "2026-11-21T17:03:12.481Z",
    "ip_address": "203.0.113.0",
    "user_agent": "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "referer": None,
    "class": "image_proxy",
    "reason": "gmail_proxy",
    "client": "Gmail",
    "device": "unknown",
    "counted": True,
}
STATS: dict[str, Any] = {
    "total_views": 1284,
    "unique_views": 903,
    "unique_invoices": 911,
    "views_today": 41,
    "automatic_views": 377,
    "by_invoice": [
        {
            "id_fatura": "FAT001",
            "views": 3,
            "first_at": "2026-11-20T12:00:31.020Z",
            "last_at": "2026-11-21T17:03:12.481Z",
        }
    ],
    "recent": [OPEN],
    "by_hour": [{"hour": 0, "views": 12}, {"hour": 1, "views": 4}],
    "by_weekday_hour": [[0, 0, 3], [1, 0, 7]],
    "by_device": {"phone": 512, "computer": 391, "unknown": 381},
    "by_client": {"Gmail": 377, "Apple Mail": 250, "unknown": 4},
    "from": None,
    "to": None,
    "timezone": "America/Sao_Paulo",
    "as_of": "2026-11-21T17:03:14.002Z",
}


class StatsQuery(Schema):
    """`from` and `to` are dates or whole hours in ISO 8601 (2026-11-21, 2026-11-21T14:00), in the account's zone unless
    they carry an offset; a `to` without a time includes its day. Without them: all time, until now."""

    start: str | None = Field(None, alias="from", max_length=40, examples=["2026-11-01"])
    end: str | None = Field(None, alias="to", max_length=40, examples=["2026-11-21T14:00"])
    automatic: Literal["0", "1"] = Field("0", description="1 adds prefetch and bot to views, and to views only")


class ViewsQuery(Schema):
    """`after` (the `next` of the page before) wins over `page`."""

    page: int = Field(1, ge=1, le=MAX_PAGE)
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    after: str | None = Field(None, max_length=cursor.MAX_LENGTH)


class OpenOut(BaseModel):
    """One open. The address is masked, whole or null as the account's settings say, and masked for viewers in any case
    but where the account shows them everything. `counted`: it adds to `views`; further images of the same viewing,
    prefetches and bots do not. `client` and `device` are null for the second in which nobody has looked at a new user
    agent yet."""

    model_config = ConfigDict(populate_by_name=True, json_schema_extra={"examples": [OPEN]})

    id_fatura: str
    file: str = Field(description="As it was asked for")
    timestamp: datetime
    ip_address: str | None
    user_agent: str
    referer: str | None
    open_class: str = Field(alias="class", description="human, image_proxy, prefetch or bot")
    reason: str = Field(description="The rule that said so")
    client: str | None
    device: str | None
    counted: bool


class InvoiceOut(BaseModel):
    """An id, with its figures of all time; first and last are counted opens."""

    id_fatura: str
    views: int
    first_at: datetime
    last_at: datetime


class HourOut(BaseModel):
    hour: int = Field(ge=0, le=23)
    views: int


class StatsOut(BaseModel):
    """`views` are counted opens after folding, `unique_views` the ids whose first counted open falls in the period,
    `unique_invoices` those with a counted open at any time up to its end."""

    model_config = ConfigDict(populate_by_name=True, json_schema_extra={"examples": [STATS]})

    total_views: int
    unique_views: int
    unique_invoices: int
    views_today: int = Field(description="Since midnight in the account's zone, whatever the period")
    automatic_views: int = Field(description="Of prefetches and bots")
    by_invoice: list[InvoiceOut] = Field(description="The 100 latest ids whose last counted open falls in the period")
    recent: list[OpenOut] = Field(description="The 50 latest opens of the period that count as views here")
    by_hour: list[HourOut] = Field(description="By the hour of the day; of the last 400 days of the period")
    by_weekday_hour: list[list[int]] = Field(description="Monday first, 24 hours each; of the same 400 days")
    by_device: dict[str, int]
    by_client: dict[str, int] = Field(description="The 100 with the most views")
    start: datetime | None = Field(alias="from")
    end: datetime | None = Field(alias="to")
    timezone: str
    as_of: datetime


class ViewsOut(BaseModel):
    data: list[OpenOut]
    pagination: PageNumbers
