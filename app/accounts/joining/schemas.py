"""What the calls of coming in and back in take and answer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.accounts.schemas import Secret
from app.core.api import Out, Schema

Email = Field(min_length=1, max_length=320)
Token = Field(min_length=1, max_length=128)


class Register(Schema):
    """A new account and its administrator. `locale` is the language of letters and pages; left out, Portuguese."""

    account_name: str = Field(min_length=1, max_length=120)
    name: str = Field(min_length=1, max_length=120)
    email: str = Email
    password: Secret
    locale: Literal["pt_BR", "en"] | None = None


class Address(Schema):
    email: str = Email


class Followed(Schema):
    """`token` is the last part of the link in the letter."""

    token: str = Token


class Verification(Schema):
    """`token` is the last part of the link in the letter, `password` the one that was typed at registration."""

    token: str = Token
    password: Secret


class NewPassword(Schema):
    """`token` is the last part of the link in the letter."""

    token: str = Token
    password: Secret


class Message(Out):
    """The same for every address, whoever has it."""

    message: str
