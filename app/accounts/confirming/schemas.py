"""What `/api/auth/confirm` takes."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from app.accounts.schemas import Secret
from app.accounts.second_factor.accepting import LONGEST
from app.core.api import Schema


class Proof(Schema):
    """One of the two."""

    password: Secret | None = None
    code: str | None = Field(None, min_length=1, max_length=LONGEST)

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.password is None) is (self.code is None):
            raise ValueError("Give either password or code")
        return self
