"""How long a version of Meta's Graph API lives (Meta's changelog, read in November 2026)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from app.pixels.models import Pixel

WARN_DAYS = 90
NEWEST = 26  # of 29 July 2026
EXPIRY = {
    19: date(2026, 5, 21),
    20: date(2026, 9, 24),
    21: date(2027, 1, 21),
    25: date(2028, 7, 29),
}
OLDEST_KNOWN = min(EXPIRY)


def expires_on(version: str) -> date | None:
    """The last day of a version such as `v21.0`; None where Meta's date is not known to us. What is older than the
    oldest we know ended no later than that one."""
    match = re.fullmatch(r"v([0-9]{1,3})\.[0-9]{1,2}", version)
    return EXPIRY.get(max(int(match[1]), OLDEST_KNOWN)) if match else None


def ends_soon(version: str, today: date) -> date | None:
    """The date to warn of, when under `WARN_DAYS` are left or none."""
    end = expires_on(version)
    return end if end is not None and (end - today).days < WARN_DAYS else None


@dataclass(frozen=True, slots=True)
class Use:
    """The version that calls are made with. `is_default`: it is the installation's, no setting of the pixel. `end` is
    None where Meta's date is not known to us."""

    version: str
    is_default: bool
    end: date | None
    is_over: bool
    is_ending: bool  # under WARN_DAYS are left, or none


def use_of(version: str, today: date, *, is_default: bool) -> Use:
    end = expires_on(version)
    return Use(version, is_default, end, end is not None and end < today, ends_soon(version, today) is not None)


def of_pixel(pixel: Pixel, default: str, today: date) -> Use | None:
    """None for a platform without versions."""
    if pixel.platform != "facebook":
        return None
    own = pixel.settings.get("graphVersion")
    return use_of(own or default, today, is_default=not own)


def offered(today: date) -> list[tuple[str, date | None]]:
    """The versions that can still be called, the newest first, with their last day where it is known."""
    known = [(f"v{number}.0", EXPIRY.get(number)) for number in range(NEWEST, OLDEST_KNOWN - 1, -1)]
    return [(version, end) for version, end in known if end is None or end >= today]
