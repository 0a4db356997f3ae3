"""Time-based codes of an authenticator app (RFC 6238 as every app does it: SHA-1, six digits, 30 seconds)."""

from __future__ import annotations

import re
from datetime import datetime

import pyotp

ISSUER = "Kalitrack"
STEP_S = 30
AROUND = (0, -1, 1)  # a clock that is off by one step, and the time it takes to type
CODE = re.compile(r"[0-9]{6}")


def new_secret() -> str:
    """160 random bits in base 32, as apps read them."""
    return pyotp.random_base32()


def uri(secret: str, email: str) -> str:
    """What the QR picture says to an app."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def grouped(secret: str) -> str:
    """The secret for somebody who types it: groups of four."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step (30 seconds, counted since 1970) whose code this is; None when it is none of the three around now."""
    totp, present = pyotp.TOTP(secret), int(now.timestamp()) // STEP_S
    found = [present + away for away in AROUND if pyotp.utils.strings_equal(totp.generate_otp(present + away), code)]
    return found[0] if found else None
