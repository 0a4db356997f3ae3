"""Webhooks on the wire: what comes in, what goes out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.core.pagination import CursorQuery, PageQuery
from app.core.schema import Out, Schema
from app.webhooks import rotation, stored_headers
from app.webhooks.models import Webhook
from app.webhooks.stats import Stats

WEBHOOK: dict[str, Any] = {
    "name": "Meu Webhook",
    "url": "https://hooks.example.com/kalitrack",
    "events": ["contact.created", "deal.*"],
    "headers": {"Authorization": "Bearer 1f0c9ab2d4"},
}
USER, CODES = "user", ("gone", "failing")


class WebhookIn(Schema):
    """A new webhook. `events`: `*` alone, exact names, or a group such as `deal.*`; `schedule`: when a call that failed
    is made again, `fast` (1, 5, 15 s) or `standard` (those, then 2 min to 24 h); `perSecond`: calls, 0 for no limit;
    `secret`: one of your own, else one is made."""

    model_config = ConfigDict(json_schema_extra={"examples": [WEBHOOK]})

    name: str
    url: str
    events: list[str]
    description: str | None = None
    headers: dict[str, str] | None = None
    schedule: Literal["fast", "standard"] = "standard"
    per_second: int | None = None
    active: bool = True
    secret: str | None = None


class WebhookChange(Schema):
    """What is given is replaced, the rest stays; an empty description clears it, a `perSecond` of 0 takes the limit
    away. `headers` are all of them from now on; a value as it is shown ("…9ab2") keeps what is stored. `version` guards
    against a change made meanwhile."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"events": ["*"], "version": 3}]})

    name: str | None = None
    url: str | None = None
    events: list[str] | None = None
    description: str | None = None
    headers: dict[str, str] | None = None
    schedule: Literal["fast", "standard"] | None = None
    per_second: int | None = None
    active: bool | None = None
    version: int | None = None


class WebhookFilter(PageQuery):
    q: str | None = Field(None, max_length=200, description="Parts of the name and the host.")
    event: str | None = Field(None, max_length=64, description="Those that take this event.")
    active: Literal["true", "false"] | None = None


class Removal(Schema):
    version: int | None = None


class LogQuery(CursorQuery):
    success: Literal["true", "false"] | None = None


class RegenerateIn(Schema):
    """`overlap`: the hours in which the secrets before go on signing (0: not at all), or `end`: they end now, and no
    secret is made."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"overlap": 24}, {"overlap": "end"}]})

    overlap: int | Literal["end"] = rotation.DEFAULT_OVERLAP_H
    secret: str | None = None


class ResendIn(Schema):
    """`since`: a time or a day; what gave up from then on. Without `confirmCount` it is only counted."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"since": "2026-11-22T00:00:00Z", "confirmCount": 12}]})

    since: str = Field(max_length=64)
    confirm_count: int | None = Field(None, ge=0)


class FailedCountOut(Out):
    count: int


class SecretLine(Out):
    """`expiresAt` null: the current one."""

    last4: str
    created_at: datetime
    expires_at: datetime | None


class WebhookOut(Out):
    """`active`: it is told what happens. `disabledReason`: `user`, `gone` (its receiver answered 410) or `failing`
    (five days of nothing but failures), in words in `disabledDetail`. Header values are shown by how they end."""

    id: UUID
    name: str
    url: str
    events: list[str]
    description: str | None
    headers: dict[str, str]
    schedule: str
    per_second: int | None
    active: bool
    disabled_reason: str | None
    disabled_detail: str | None
    failing_since: datetime | None
    secrets: list[SecretLine]
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, webhook: Webhook) -> WebhookOut:
        return cls(**cls._fields(webhook, [SecretLine(last4=end, created_at=at, expires_at=until)
                                           for end, at, until in rotation.secrets_of(webhook)]))  # fmt: skip

    @classmethod
    def of_row(cls, webhook: Webhook, secrets: Sequence[Any]) -> WebhookOut:
        """With what `secrets.shown` found for it."""
        return cls(**cls._fields(webhook, [SecretLine.model_validate(one) for one in secrets]))

    @classmethod
    def _fields(cls, webhook: Webhook, secrets: list[SecretLine]) -> dict[str, Any]:
        columns = ("id", "name", "url", "events", "description", "schedule", "version", "created_at", "updated_at")
        target, active = webhook.target, webhook.is_active
        code = target.reason_code if target.reason_code in CODES else USER
        return {name: getattr(webhook, name) for name in columns} | {
            "headers": stored_headers.headers_shown(webhook),
            "per_second": target.per_second,
            "active": active,
            "disabled_reason": None if active else code,
            "disabled_detail": None if active else target.reason,
            "failing_since": target.failing_since,
            "secrets": secrets,
        }


class WebhookSecretOut(WebhookOut):
    """`secret` is shown here and never again; null when none was made."""

    secret: str | None

    @classmethod
    def with_secret(cls, webhook: Webhook, secret: str | None) -> WebhookSecretOut:
        return cls(**WebhookOut.of(webhook).model_dump(), secret=secret)


class WebhookAttemptOut(Out):
    """`attempt` counts the tries of one delivery; `messageId` is the `webhook-id` header; `response` what was answered,
    at most 8 KB; `error` null for what arrived."""

    id: UUID
    delivery_id: UUID
    message_id: str | None
    event: str | None
    attempt: int
    success: bool
    http_status: int | None
    response: str | None
    error: str | None
    duration_ms: int
    created_at: datetime


class WebhookTotals(Out):
    """`successRate` 0 to 1, like the average null when nothing was called."""

    total_calls: int
    successful_calls: int
    failed_calls: int
    average_duration_ms: float | None
    success_rate: float | None


class WebhookDayOut(Out):
    date: dt.date
    successful: int
    failed: int
    average_duration_ms: float | None


class WebhookStatsOut(Out):
    """The last 30 days in UTC; each attempt counts."""

    stats: WebhookTotals
    days: list[WebhookDayOut]

    @classmethod
    def of(cls, found: Stats) -> WebhookStatsOut:
        totals = WebhookTotals(
            total_calls=found.total,
            successful_calls=found.successful,
            failed_calls=found.failed,
            average_duration_ms=found.average_ms,
            success_rate=found.success_rate,
        )
        days = [
            WebhookDayOut(
                date=day.date, successful=day.successful, failed=day.failed, average_duration_ms=day.average_ms
            )
            for day in found.days
        ]
        return cls(stats=totals, days=days)


class WebhookTestOut(Out):
    """What came of a test message."""

    __test__ = False

    success: bool
    http_status: int | None
    detail: str
    duration_ms: int
