"""How a pixel stands just now, in words, the same on every page."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.deliveries.standing import State
from app.outbound.words import Word

STATE_WORDS: dict[str, Word] = {
    State.DELETED: (_l("Deleted"), "secondary", "trash"),
    State.REFUSED: (_l("Token refused"), "danger", "lock"),
    State.PAUSED: (_l("Paused"), "warning", "player-pause"),
    State.INACTIVE: (_l("Inactive"), "secondary", "player-pause"),
    State.BROKEN: (_l("No answer"), "danger", "plug"),
    State.THROTTLED: (_l("Slowed down"), "warning", "clock"),
    State.LIMITED: (_l("At its limit"), "info", "clock"),
    State.FAILING: (_l("Failing"), "danger", "alert-triangle"),
    State.LATE: (_l("Late"), "warning", "clock"),
    State.WELL: (_l("Working"), "success", "check"),
    State.QUIET: (_l("No events"), "secondary", "moon"),
}
