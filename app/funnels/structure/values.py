"""What funnels and stages may hold: every field checked and cleaned, in words for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.contacts.categories.service import COLOR
from app.contacts.fields.values import Wrong
from app.contacts.values import plain_text
from app.core.errors import Invalid, Text
from app.core.folding import folded_name
from app.funnels.cards.values import MAX_REASON
from app.funnels.states import State

MAX_NAME = 80
MAX_DESCRIPTION = 500
MAX_REASONS = 20
MAX_STAGE_NAME = 60
MAX_DAYS = 3650
CHANCES = {State.WON: 100, State.LOST: 0}  # of closed stages, whatever is given
REQUIRED = _l("This field is required.")
Reader = Callable[[Any], dict[str, Any]]


def check_funnel(given: Mapping[str, Any]) -> dict[str, Any]:
    """What of `name`, `description` and `reasons` (a list of texts) is given, as columns of Funnel. Raises Invalid by
    these names."""
    return _checked(given, _OF_FUNNEL)


def check_stage(given: Mapping[str, Any]) -> dict[str, Any]:
    """What of `name`, `color` (#rrggbb), `kind`, `chance` (per cent) and `stalledAfter` (days; 0 or nothing: never) is
    given, as columns of Stage. Raises Invalid by these names."""
    return _checked(given, _OF_STAGE)


def _checked(given: Mapping[str, Any], readers: Mapping[str, Reader]) -> dict[str, Any]:
    clean: dict[str, Any] = {}
    wrong: dict[str, list[Text]] = {}
    for name, read in readers.items():
        if name in given:
            try:
                clean |= read(given[name])
            except Wrong as error:
                wrong[name] = [error.text]
    if wrong:
        raise Invalid(wrong)
    return clean


def _name(value: Any, most: int = MAX_NAME) -> dict[str, Any]:
    name = plain_text(value, most)
    if not name:
        raise Wrong(REQUIRED)
    return {"name": name, "folded_name": folded_name(name)[:most]}


def _stage_name(value: Any) -> dict[str, Any]:
    return _name(value, MAX_STAGE_NAME)


def _description(value: Any) -> dict[str, Any]:
    return {"description": plain_text(value, MAX_DESCRIPTION) or None}


def _reasons(value: Any) -> dict[str, Any]:
    """Each once, in the order given."""
    found: dict[str, str] = {}
    for one in value or ():
        reason = plain_text(one, MAX_REASON)
        if reason:
            found.setdefault(folded_name(reason), reason)
    if len(found) > MAX_REASONS:
        raise Wrong(_l("At most %(max)d reasons.", max=MAX_REASONS))
    return {"reasons": list(found.values())}


def _color(value: Any) -> dict[str, Any]:
    color = str(value or "").strip().lower()
    if not COLOR.fullmatch(color):
        raise Wrong(_l("A colour, such as #206bc4."))
    return {"color": color}


def _kind(value: Any) -> dict[str, Any]:
    if value not in list(State):
        raise Wrong(_l("Choose one of the list."))
    return {"kind": str(value)}


def _chance(value: Any) -> dict[str, Any]:
    chance = _whole(value)
    if chance is None or chance > 100:
        raise Wrong(_l("A whole number from 0 to 100."))
    return {"chance": chance}


def _stalled_after(value: Any) -> dict[str, Any]:
    days = 0 if value in (None, "") else _whole(value)
    if days is None or days > MAX_DAYS:
        raise Wrong(_l("A whole number of days, up to %(max)d, or nothing.", max=MAX_DAYS))
    return {"stalled_after": days or None}


def _whole(value: Any) -> int | None:
    """0 or more; None for anything else."""
    text = str(value).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


_OF_FUNNEL: dict[str, Reader] = {"name": _name, "description": _description, "reasons": _reasons}
_OF_STAGE: dict[str, Reader] = {
    "name": _stage_name,
    "color": _color,
    "kind": _kind,
    "chance": _chance,
    "stalledAfter": _stalled_after,
}
