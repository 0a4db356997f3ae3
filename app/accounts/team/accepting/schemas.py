"""An invitation accepted, on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.accounts.schemas import Secret
from app.core.schema import Schema


class Acceptance(Schema):
    """`locale` is the language of pages and mails; without it that of the product."""

    token: str = Field(min_length=1, max_length=128)
    name: str = Field(min_length=1, max_length=120)
    password: Secret
    locale: Literal["pt_BR", "en"] | None = None
