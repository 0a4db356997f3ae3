"""Deliveries and targets in words: states, waits, what holds a target back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from babel.dates import format_timedelta
from babel.lists import format_list
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.core import clock
from app.core.i18n import datetime_text, locale, number
from app.deliveries.filters import Filter, State
from app.outbound.limits.windows import Standing, Window
from app.outbound.models import Breaker, Delivery, Target, TargetState
from app.outbound.policy import Policy
from app.outbound.words import Word, error_word

STATES: dict[str, Word] = {
    State.OPEN: (_l("Waiting"), "info", "clock"),
    State.PAUSED: (_l("Paused"), "warning", "player-pause"),
    State.DEAD: (_l("Dead"), "danger", "x"),
    State.DONE: (_l("Delivered"), "success", "check"),
    State.CANCELLED: (_l("Cancelled"), "secondary", "circle-x"),
}
TABS: dict[State, Any] = {
    State.ALL: _l("All states"),
    State.OPEN: _l("Waiting"),
    State.PAUSED: _l("Paused"),
    State.DEAD: _l("Dead letters"),
    State.DONE: _l("Delivered"),
    State.CANCELLED: _l("Cancelled"),
}
KINDS: dict[str, Any] = {
    "conversion": _l("Events to platforms"),
    "mail": _l("E-mails"),
    "webhook": _l("Webhooks"),
    "hub": _l("Hub"),
}
WINDOWS: dict[str, Any] = {
    "second": _l("This second"),
    "minute": _l("This minute"),
    "hour": _l("This hour"),
    "day": _l("24 hours"),
}
TARGET_STATES: dict[str, Word] = {
    TargetState.ACTIVE: (_l("Sending"), "success", "check"),
    TargetState.PAUSED: (_l("Paused"), "warning", "player-pause"),
    TargetState.DELETED: (_l("Deleted"), "secondary", "trash"),
}


def filter_words(asked: Filter, target: Target | None) -> list[tuple[str, str]]:
    """What a filter means, as terms and values."""
    found = [(_("State"), str(TABS[asked.state]))]
    if asked.kind is not None:
        found.append((_("Kind"), str(KINDS.get(asked.kind, asked.kind))))
    if asked.target is not None:
        found.append((_("Target"), target.label if target else _("Unknown")))
    if asked.error is not None:
        found.append((_("Reason"), error_word(asked.error, kind_of(asked, [target] if target else []))))
    if asked.since is not None:
        found.append((_("Since"), datetime_text(asked.since)))
    if asked.until is not None:
        found.append((_("Until"), datetime_text(asked.until)))
    if asked.ids is not None:
        found.append((_("Selected"), number(len(asked.ids))))
    return found


def kind_of(asked: Filter, targets: Sequence[Target]) -> str | None:
    """Of all that a filter means; None where that may be of several kinds. `targets`: among which it picks one."""
    if asked.kind is not None:
        return asked.kind
    return next((target.kind for target in targets if target.id == asked.target), None)


def policy_words(policy: Policy) -> str:
    """How often and for how long it is tried."""
    fast = listed(duration(wait) for wait in (*policy.fast_s, *policy.slow_s))
    if policy.is_fixed:
        return str(
            _(
                "A failed attempt is repeated after %(waits)s; at most %(number)s attempts.",
                waits=fast,
                number=number(policy.max_attempts),
            )
        )
    return str(
        _(
            "A failed attempt is repeated after %(fast)s, then after %(first)s and twice as long each time, up to "
            "%(cap)s; at most %(number)s attempts, and not when it has become too old.",
            fast=fast,
            first=duration(policy.first_s),
            cap=duration(policy.cap_s),
            number=number(policy.max_attempts),
        )
    )


def plan_words(delivery: Delivery, target: Target, state: State) -> str:
    """What happens next to one delivery."""
    match state:
        case State.PAUSED:
            return str(_("It waits until %(target)s is resumed.", target=target.label))
        case State.OPEN if target.state == TargetState.DELETED:
            return str(_("Its target was deleted: it is cancelled in a moment."))
        case State.OPEN:
            return _next_words(delivery, target)
        case State.DEAD:
            return str(_("It is not tried again by itself."))
    return str(_("Nothing more is to come."))


def _next_words(delivery: Delivery, target: Target) -> str:
    holds = (delivery.next_at, target.not_before, target.breaker_until, target.limited_until)
    next_at = max(moment for moment in holds if moment is not None)
    if next_at <= clock.now():
        return str(_("It is due: the next attempt is made as soon as a worker is free."))
    if next_at == target.limited_until:
        return str(
            _("It waits for the limit of %(target)s until %(at)s.", target=target.label, at=datetime_text(next_at))
        )
    if delivery.expires_at is None:
        return str(_("The next attempt is made at %(at)s.", at=datetime_text(next_at)))
    return str(
        _(
            "The next attempt is made at %(at)s; it is given up when it is too old, at %(until)s.",
            at=datetime_text(next_at),
            until=datetime_text(delivery.expires_at),
        )
    )


def breaker_words(target: Target) -> str:
    """Whether calls go out, and if not, until when and why."""
    if target.breaker == Breaker.CLOSED:
        if not target.failures:
            return str(_("Closed: it holds nothing back."))
        return str(
            ngettext(
                "Closed; %(number)s call failed just now.",
                "Closed; the last %(number)s calls failed.",
                target.failures,
                number=number(target.failures),
            )
        )
    if target.breaker == Breaker.HALF_OPEN or not is_future(target.breaker_until):
        return str(_("One call tries whether it is back."))
    return str(
        ngettext(
            "Open until %(until)s after %(number)s failure.",
            "Open until %(until)s after %(number)s failures in a row.",
            target.failures,
            until=datetime_text(target.breaker_until),
            number=number(target.failures),
        )
    )


def is_held(target: Target) -> bool:
    """Whether breaker or throttle keep calls back, so that a reset has something to do."""
    return target.breaker != Breaker.CLOSED or target.failures > 0 or is_future(target.not_before)


def is_counted(standing: Standing) -> bool:
    """Whether any window has counted calls."""
    return any(window.used for window in standing.windows)


def remaining_words(window: Window) -> str:
    """What a window still allows."""
    if not window.remaining:
        return str(_("used up"))
    left = number(window.remaining)
    return str(ngettext("%(number)s call remains", "%(number)s calls remain", window.remaining, number=left))


def is_future(moment: datetime | None) -> bool:
    return moment is not None and moment > clock.now()


def duration(seconds: float) -> str:
    """`15 segundos`, `1 hora`."""
    return str(format_timedelta(timedelta(seconds=seconds), threshold=1, locale=locale()))


def listed(parts: Iterable[str]) -> str:
    return str(format_list(list(parts), locale=locale()))
