"""What the timeline of a contact says of its deals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.contacts.detail.story import Told, tell_by

TITLES: dict[str, tuple[Any, str, str]] = {  # title, tone, icon
    "deal.created": (_l("Added to a funnel"), "primary", "layout-kanban"),
    "deal.moved": (_l("Deal moved"), "secondary", "arrow-right"),
    "deal.won": (_l("Deal won"), "success", "trophy"),
    "deal.lost": (_l("Deal lost"), "danger", "thumb-down"),
    "deal.removed": (_l("Removed from a funnel"), "warning", "trash"),
    "deal.restored": (_l("Brought back to a funnel"), "info", "rotate-clockwise"),
}


def init_app() -> None:
    for kind in TITLES:
        tell_by(kind, told)


def told(kind: str, facts: Mapping[str, Any]) -> Told:
    """With the names that funnel and stages had then."""
    title, tone, icon = TITLES[kind]
    funnel, stage, left = facts.get("funnel"), facts.get("stage"), facts.get("from")
    where = _("From %(left)s to %(stage)s", left=left, stage=stage) if left and stage else stage
    text = ": ".join(str(part) for part in (funnel, where) if part)
    return Told(str(title), text, tone, icon)
