"""Pixels on the wire: what comes in, what goes out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.core.pagination import PageQuery
from app.core.schema import Out, Schema
from app.outbound.models import TargetState
from app.pixels.models import Pixel

PIXEL: dict[str, Any] = {
    "platform": "facebook",
    "pixelId": "123456789012345",
    "accessToken": "EAAGm0PX4ZCpsBAExample",
    "description": "Loja principal",
    "settings": {"siteUrl": "https://www.example.com/"},
}


class PixelIn(Schema):
    """A new pixel. `settings` as the platform takes them; the token is write-only."""

    model_config = ConfigDict(json_schema_extra={"examples": [PIXEL]})

    platform: str
    pixel_id: str
    access_token: str
    description: str | None = None
    settings: dict[str, Any] | None = None
    active: bool = True


class PixelChange(Schema):
    """What is given is replaced, the rest stays; an empty description clears it. `version` guards against a change made
    meanwhile."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"description": "Loja nova", "version": 3}]})

    platform: str | None = None
    pixel_id: str | None = None
    access_token: str | None = None
    description: str | None = None
    settings: dict[str, Any] | None = None
    active: bool | None = None
    version: int | None = None


class PixelFilter(PageQuery):
    platform: str | None = Field(None, max_length=24)
    active: Literal["true", "false"] | None = None
    q: str | None = Field(None, max_length=200)


class TrialIn(Schema):
    """A test event. Meta needs `testEventCode` (by default the pixel's), Kwai `clickId` from its test page; `trackFlag`
    is true and `testFlag` the pixel's unless given."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"eventName": "EVENT_PURCHASE", "testEventCode": "TEST12345"}]}
    )

    event_name: str | None = Field(None, max_length=100)
    test_event_code: str | None = None
    click_id: str | None = None
    track_flag: bool | None = None
    test_flag: bool | None = None


class TrialCall(Out):
    """The call as it went out, secrets shown as their last four characters."""

    method: str
    url: str
    headers: dict[str, str]
    body: dict[str, Any]


class TrialOut(Out):
    """What came of a test event: `outcome` is `sent`, `retry` (no answer, or trouble at the platform), `throttled`,
    `auth` (credentials refused), `gone` or `rejected`; `detail` says why. `request` is null when no call could be made,
    `response` the platform's answer without secrets, at most 2 KB."""

    outcome: str
    detail: str
    http_status: int | None
    duration_ms: int
    request: TrialCall | None
    response: str | None


class Removal(Schema):
    version: int | None = None


class PixelOut(Out):
    """`state` is that of its deliveries: `active`, or `paused` for `reason`."""

    id: UUID
    platform: str
    pixel_id: str
    token_last4: str
    description: str | None
    settings: dict[str, Any]
    active: bool
    version: int
    created_at: datetime
    updated_at: datetime
    state: str
    reason: str | None

    @classmethod
    def of(cls, pixel: Pixel) -> PixelOut:
        target = pixel.target
        columns = {name: getattr(pixel, name) for name in cls.model_fields if name not in ("state", "reason")}
        return cls(
            **columns,
            state=target.state if target else TargetState.ACTIVE,
            reason=target.reason if target else None,
        )
