"""How long a version of Meta's Graph API lives (Meta's changelog, read in November 2026)."""

from __future__ import annotations

import re
from datetime import date

WARN_DAYS = 90
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
