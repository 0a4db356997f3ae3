"""What the calls about oneself take."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.accounts.schemas import Secret
from app.core.api import Schema


class Change(Schema):
    """What is given is replaced, the rest stays; an empty `timezone` is the account's. `version` guards against a
    change made meanwhile."""

    name: str | None = Field(None, min_length=1, max_length=120)
    locale: Literal["pt_BR", "en"] | None = None
    timezone: str | None = Field(None, max_length=64)
    theme: Literal["auto", "light", "dark"] | None = None
    version: int | None = None


class PasswordChange(Schema):
    current_password: Secret
    password: Secret
