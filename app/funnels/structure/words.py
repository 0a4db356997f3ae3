"""Kinds of stages in words."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.funnels.states import State

KINDS: dict[str, tuple[Any, str, str]] = {  # word, tone, icon
    State.OPEN: (_l("Open"), "info", "layout-kanban"),
    State.WON: (_l("Won"), "success", "trophy"),
    State.LOST: (_l("Lost"), "danger", "thumb-down"),
}
