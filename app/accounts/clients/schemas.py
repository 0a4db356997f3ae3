"""API clients on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field

from app.accounts.clients.places import LONGEST_NETWORK, LONGEST_ORIGIN, MAX_PLACES
from app.accounts.clients.service import DEFAULT_OVERLAP_H, MAX_LIMIT, MAX_OVERLAP_H, AnswerMode, Scope
from app.accounts.models import ApiClient
from app.core.pagination import PageQuery
from app.core.schema import Out, Schema

Name = Annotated[str, Field(min_length=1, max_length=120)]
Limit = Annotated[int, Field(ge=0, le=MAX_LIMIT, description="0: no limit")]
Address = Annotated[str, Field(min_length=1, max_length=LONGEST_NETWORK, examples=["203.0.113.0/24"])]
Origin = Annotated[str, Field(min_length=1, max_length=LONGEST_ORIGIN, examples=["https://www.example.com"])]
LIMITS = ("per_minute", "per_hour", "per_day")


class PixelLimits(Schema):
    """How many events of the client one pixel takes."""

    per_minute: Limit | None = None
    per_hour: Limit | None = None
    per_day: Limit | None = None

    def given(self) -> dict[str, int | None]:
        return {name: most or None for name, most in self.model_dump().items()}


CLIENT: dict[str, Any] = {
    "name": "Loja Exemplo",
    "scopes": ["events:write"],
    "allPixels": True,
    "perMinute": 600,
    "answerMode": "wait",
}


class ClientFields(Schema):
    """`pixelIds` are ids of our pixels; `allPixels: true` lifts that restriction. `pixelLimits` (by our pixel's id)
    count besides the client's own limits. Only calls from `addresses` (IP addresses and networks) pass, and of browsers
    only pages of `origins`; an empty list lets any in. From `expiresAt` on the client's tokens are dead;
    `neverExpires: true` lifts that."""

    scopes: list[Scope] | None = Field(None, max_length=10)
    pixel_ids: list[UUID] | None = Field(None, max_length=1000)
    all_pixels: bool | None = None
    answer_mode: AnswerMode | None = None
    per_minute: Limit | None = None
    per_hour: Limit | None = None
    per_day: Limit | None = None
    pixel_limits: dict[UUID, PixelLimits] | None = Field(None, max_length=1000)
    addresses: list[Address] | None = Field(None, max_length=MAX_PLACES)
    origins: list[Origin] | None = Field(None, max_length=MAX_PLACES)
    expires_at: AwareDatetime | None = None
    never_expires: bool | None = None

    def given(self) -> dict[str, Any]:
        """What the caller decided, by the names of the service."""
        found = self.model_dump(exclude_unset=True, exclude={"all_pixels", "never_expires", "version"})
        found |= {name: found[name] or None for name in LIMITS if name in found}
        if self.pixel_limits is not None:
            found["pixel_limits"] = {str(id_): limits.given() for id_, limits in self.pixel_limits.items()}
        if self.all_pixels:
            found["pixel_ids"] = None
        return found | {"expires_at": None} if self.never_expires else found


class ClientIn(ClientFields):
    __doc__ = ClientFields.__doc__
    model_config = ConfigDict(json_schema_extra={"examples": [CLIENT]})

    name: Name


class ClientChange(ClientFields):
    """What is given is replaced, the rest stays. `version` guards against a change made meanwhile."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Loja Exemplo", "perHour": 20000, "version": 3}]}
    )

    name: Name | None = None
    version: int | None = None


class Rotation(Schema):
    overlap_hours: int = Field(DEFAULT_OVERLAP_H, ge=0, le=MAX_OVERLAP_H)
    version: int | None = None


class Revocation(Schema):
    version: int | None = None


class ClientFilter(PageQuery):
    q: str | None = Field(None, max_length=200)
    state: Literal["active", "expired", "revoked"] | None = None


class PixelLimitsOut(Out):
    per_minute: int | None = None
    per_hour: int | None = None
    per_day: int | None = None


class ClientOut(Out):
    """`pixelIds` null: all pixels of the account; `addresses` and `origins` null: any. Tokens are never shown again:
    their last four characters are."""

    id: UUID
    name: str
    scopes: list[str]
    pixel_ids: list[str] | None
    answer_mode: str
    per_minute: int | None
    per_hour: int | None
    per_day: int | None
    pixel_limits: dict[str, PixelLimitsOut] | None
    addresses: list[str] | None
    origins: list[str] | None
    expires_at: datetime | None
    token_last4: str
    previous_last4: str | None
    previous_until: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    last_address: str | None
    first_event_at: datetime | None
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime
    version: int


class ClientWithToken(ClientOut):
    """The only answer that ever carries the token."""

    token: str

    @classmethod
    def of(cls, client: ApiClient, token: str) -> ClientWithToken:
        return cls(**ClientOut.model_validate(client).model_dump(), token=token)
