"""API clients on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from app.accounts.clients.service import DEFAULT_OVERLAP_H, MAX_LIMIT, MAX_OVERLAP_H, AnswerMode, Scope
from app.accounts.models import ApiClient
from app.core.pagination import PageQuery
from app.core.schema import Out, Schema

Name = Annotated[str, Field(min_length=1, max_length=120)]
Limit = Annotated[int, Field(ge=0, le=MAX_LIMIT, description="0: no limit")]
LIMITS = ("per_minute", "per_hour", "per_day")


class ClientFields(Schema):
    """`pixelIds` are ids of our pixels; `allPixels: true` lifts that restriction."""

    scopes: list[Scope] | None = Field(None, max_length=10)
    pixel_ids: list[UUID] | None = Field(None, max_length=1000)
    all_pixels: bool | None = None
    answer_mode: AnswerMode | None = None
    per_minute: Limit | None = None
    per_hour: Limit | None = None
    per_day: Limit | None = None

    def given(self) -> dict[str, Any]:
        """What the caller decided, by the names of the service."""
        found = self.model_dump(exclude_unset=True, exclude={"all_pixels", "version"})
        found |= {name: found[name] or None for name in LIMITS if name in found}
        return found | {"pixel_ids": None} if self.all_pixels else found


class ClientIn(ClientFields):
    name: Name


class ClientChange(ClientFields):
    """What is given is replaced, the rest stays. `version` guards against a change made meanwhile."""

    name: Name | None = None
    version: int | None = None


class Rotation(Schema):
    overlap_hours: int = Field(DEFAULT_OVERLAP_H, ge=0, le=MAX_OVERLAP_H)
    version: int | None = None


class Revocation(Schema):
    version: int | None = None


class ClientFilter(PageQuery):
    q: str | None = Field(None, max_length=200)
    state: Literal["active", "revoked"] | None = None


class ClientOut(Out):
    """`pixelIds` null: all pixels of the account. Tokens are never shown again: their last four characters are."""

    id: UUID
    name: str
    scopes: list[str]
    pixel_ids: list[str] | None
    answer_mode: str
    per_minute: int | None
    per_hour: int | None
    per_day: int | None
    token_last4: str
    previous_last4: str | None
    previous_until: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
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
