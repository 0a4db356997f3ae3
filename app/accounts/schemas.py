"""What `/api/auth` takes and answers."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from app.accounts.models import User
from app.accounts.second_factor.accepting import LONGEST
from app.core.api import Out, Schema

Secret = Annotated[str, StringConstraints(strip_whitespace=False, min_length=1, max_length=1024)]


class SignIn(Schema):
    email: str = Field(min_length=1, max_length=320)
    password: Secret
    code: str | None = Field(None, min_length=1, max_length=LONGEST)  # of the second factor, or a recovery code


class UserOut(Out):
    """`locale`, `theme`: null until chosen; `timezone`: null for the account's."""

    id: UUID
    email: str
    name: str
    role: str
    locale: str | None
    timezone: str | None
    theme: str | None
    version: int
    account_id: UUID
    account_name: str
    permissions: list[str]

    @classmethod
    def of(cls, user: User) -> UserOut:
        return cls(
            id=user.id,
            email=user.email,
            name=user.name,
            role=user.role,
            locale=user.locale,
            timezone=user.timezone,
            theme=user.theme,
            version=user.version,
            account_id=user.account_id,
            account_name=user.account.name,
            permissions=sorted(user.permissions),
        )


class SignedIn(Out):
    """`expires_in` in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    user: UserOut


class CodeWanted(Out):
    """`code_required` only where the password was right."""

    error: str
    code_required: bool | None = None


class FactorWanted(Out):
    error: str
    second_factor_required: bool
