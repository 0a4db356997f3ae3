"""The grant on the wire: the names of RFC 6749."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class TokenRequest(BaseModel):
    """A form. The credentials may come as HTTP Basic instead, but not in both places."""

    grant_type: Literal["client_credentials"]
    client_id: str | None = Field(None, description="The client's id")
    client_secret: str | None = Field(None, description="The client's token")
    scope: str | None = Field(None, description="Some of the client's scopes, between spaces; none: all of them")


class TokenAnswer(BaseModel):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - no secret
    expires_in: int = Field(description="Seconds")
    scope: str


class TokenError(BaseModel):
    """`error` is one of RFC 6749's codes; 415, 429, 500 and 503 say it in a sentence."""

    error: str
    error_description: str | None = None
