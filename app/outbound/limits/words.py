"""The words of a limit that is used up."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from babel.dates import format_timedelta
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from app.core.errors import N_, Text, TooMany
from app.outbound.limits.windows import Check, Standing

REFUSALS = {
    1: N_("The limit is %(limit)s calls a second: %(remaining)s remain. Try again in %(wait)s."),
    60: N_("The limit is %(limit)s calls a minute: %(remaining)s remain. Try again in %(wait)s."),
    3600: N_("The limit is %(limit)s calls an hour: %(remaining)s remain. Try again in %(wait)s."),
    86_400: N_("The limit is %(limit)s calls a day: %(remaining)s remain. Try again in %(wait)s."),
}


def refusal(check: Check) -> TooMany:
    """What is told to whoever may not call now: how many calls remain of the limit in the way, and until when. As JSON
    with `remaining`, which holds for all windows together, and each of the `windows`."""
    window = check.standing.tightest(check.count)
    if window is None:
        raise ValueError("these calls are allowed")
    wait_s = max(1, math.ceil(check.wait_s))
    wait = LazyString(_duration, wait_s)
    message: Text = _l(REFUSALS[window.seconds], limit=window.limit, remaining=window.remaining, wait=wait)
    return TooMany(
        wait_s,
        message,
        policy=(window.name, window.limit, window.seconds),
        remaining=window.remaining,
        extra={"remaining": check.remaining, "windows": on_the_wire(check.standing)},
    )


def _duration(seconds: int) -> str:
    """`15 seconds`, `14 horas`."""
    return str(format_timedelta(timedelta(seconds=seconds), threshold=1, locale=get_locale()))


def on_the_wire(standing: Standing) -> list[dict[str, Any]]:
    return [
        {
            "window": window.name,
            "limit": window.limit,
            "used": window.used,
            "remaining": window.remaining,
            "startedAt": window.started_at,
            "resetsAt": window.resets_at,
        }
        for window in standing.windows
    ]
