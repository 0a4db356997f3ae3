"""What `/api/auth/two-factor` takes and answers."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from app.accounts.second_factor.accepting import LONGEST
from app.core.api import Out, Schema


class FactorOut(Out):
    """`readable` is false when the key of the app's secret is lost: then only recovery codes work."""

    enabled: bool
    enabled_at: datetime | None
    recovery_codes_left: int
    readable: bool
    required: bool


class StartedOut(Out):
    """Shown once: for the app, as text and as the address of a QR picture."""

    secret: str
    otpauth_url: str


class FirstCode(Schema):
    code: str = Field(min_length=1, max_length=LONGEST)


class CodesOut(Out):
    """Shown once; each is good for one sign-in without the app."""

    recovery_codes: list[str]
