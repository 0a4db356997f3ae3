"""How a webhook stands just now, in words, the same on every page; and why it is off, with the next step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from app.deliveries.standing import State
from app.outbound.models import Target, TargetState
from app.outbound.words import Word

STATE_WORDS: dict[str, Word] = {
    "gone": (_l("Disabled: gone"), "danger", "x"),
    "given_up": (_l("Disabled: failing"), "danger", "alert-triangle"),
    "off": (_l("Disabled"), "secondary", "player-pause"),
    State.DELETED: (_l("Deleted"), "secondary", "trash"),
    State.REFUSED: (_l("Refused"), "danger", "lock"),
    State.PAUSED: (_l("Paused"), "warning", "player-pause"),
    State.INACTIVE: (_l("Disabled"), "secondary", "player-pause"),
    State.BROKEN: (_l("All calls fail"), "danger", "plug"),
    State.THROTTLED: (_l("Slowed down"), "warning", "clock"),
    State.LIMITED: (_l("At its limit"), "info", "clock"),
    State.FAILING: (_l("Failing"), "danger", "alert-triangle"),
    State.LATE: (_l("Late"), "warning", "clock"),
    State.WELL: (_l("Working"), "success", "check"),
    State.QUIET: (_l("Nothing yet"), "secondary", "moon"),
}
OFF_STATES = {"off": "off", "gone": "gone", "failing": "given_up"}  # reason_code of the target -> ours


@dataclass(frozen=True, slots=True)
class Off:
    """Why a webhook is disabled, and what to do about it."""

    title: Any
    step: Any
    tone: str


OFF_WORDS = {
    "off": Off(
        _l("Somebody disabled this webhook"),
        _l("It is told nothing new. What it was owed before waits, and goes out when it is enabled again."),
        "info",
    ),
    "gone": Off(
        _l("Disabled: the receiver answered 410, “gone”"),
        _l(
            "A receiver answers so to say that it wants nothing more. If the address moved, enter the new one, send a"
            " test and enable it again; if nobody needs it, delete it."
        ),
        "danger",
    ),
    "given_up": Off(
        _l("Disabled: every call failed for five days"),
        _l(
            "Send a test to see what the receiver answers now. Once it works, enable the webhook: what waits goes out,"
            " and what was given up can be sent again below."
        ),
        "danger",
    ),
}
OTHER_OFF = Off(_l("Paused: nothing is sent"), _l("What it is owed waits. Enable it to let that go out."), "warning")


def state_of(target: Target, standing: State) -> str:
    """A key of STATE_WORDS: why it is disabled, or how its deliveries stand."""
    if target.state == TargetState.PAUSED:
        return OFF_STATES.get(target.reason_code or "", str(standing))
    return str(standing)


def off_words(target: Target) -> Off | None:
    """None for a webhook that is on."""
    if target.state != TargetState.PAUSED:
        return None
    return OFF_WORDS.get(OFF_STATES.get(target.reason_code or "", ""), OTHER_OFF)
