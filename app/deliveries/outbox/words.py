"""Why a letter waits, in words."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.deliveries.outbox.service import State
from app.outbound.words import Word

STATES: dict[str, Word] = {
    State.UNSENT: (_l("Not sent"), "warning", "inbox"),
    State.HELD: (_l("Waits for the mail server"), "danger", "player-pause"),
    State.UNDER_WAY: (_l("Being sent"), "info", "send"),
}
