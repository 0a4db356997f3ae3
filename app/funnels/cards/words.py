"""Cards in words: how they stand, and what happened to them, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from babel.dates import format_timedelta
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.i18n import locale, money
from app.core.masking import seen_email, seen_text
from app.funnels.cards import history
from app.funnels.models import Card, CardChange, Stage
from app.funnels.states import ChangeKind, State

STATES: dict[str, tuple[Any, str, str]] = {  # word, tone, icon
    State.OPEN: (_l("Open deal"), "info", "point-filled"),
    State.WON: (_l("Won"), "success", "trophy"),
    State.LOST: (_l("Lost"), "danger", "thumb-down"),
}
FIELDS: dict[str, Any] = {
    "value": _l("Value"),
    "notes": _l("Notes"),
    "owner_id": _l("Owner"),
    "expected_close": _l("Expected close"),
    "contact": _l("Contact"),
}
PLAIN: dict[str, tuple[Any, str, str]] = {
    ChangeKind.EDITED: (_l("Changed"), "secondary", "edit"),
    ChangeKind.REMOVED: (_l("Removed from the funnel"), "warning", "trash"),
    ChangeKind.RESTORED: (_l("Brought back to the funnel"), "info", "rotate-clockwise"),
}
A_MINUTE = 60


class Line(NamedTuple):
    """What the timeline of a page shows."""

    at: datetime
    title: str
    text: str
    tone: str
    icon: str


def history_of(session: Session, card: Card) -> list[Line]:
    """The card's changes, without those of its place among others."""
    changes = [one for one in history.changes_of(session, card) if one.kind != ChangeKind.ORDERED]
    stages = select(Stage.id, Stage.name).where(Stage.funnel_id == card.funnel_id)  # deleted ones have names, too
    names = {row.id: row.name for row in session.execute(stages)}
    ids = {id_ for change in changes for id_ in (change.owner_id, change.actor_id) if id_ is not None}
    known = select(User.id, User.name).where(User.account_id == card.account_id, User.id.in_(ids))
    people = {row.id: row.name for row in session.execute(known)}
    return [_line(change, names, people) for change in changes]


def stayed(seconds: int) -> str:
    """`3 dias`, `2 horas`: how long, roughly."""
    return str(format_timedelta(timedelta(seconds=seconds), granularity="minute", threshold=1, locale=locale()))


def _line(change: CardChange, stages: Mapping[UUID, str], people: Mapping[UUID, str]) -> Line:
    to, by = stages.get(change.to_stage_id, "–"), _by(change, people)
    match change.kind:
        case ChangeKind.CREATED:
            return Line(change.at, _("Created in %(stage)s", stage=to), _joined(_worth(change), by), "primary", "plus")
        case ChangeKind.MOVED:
            return _moved(change, stages.get(change.from_stage_id) if change.from_stage_id else None, to, by)
        case ChangeKind.EDITED:
            return _plain(change, _edited(change, people), by)
    return _plain(change, by)


def _moved(change: CardChange, left: str | None, to: str, by: str) -> Line:
    title = _("From %(left)s to %(stage)s", left=left or "–", stage=to)
    tone, icon = "secondary", "arrow-right"
    if change.to_state != change.from_state:
        word, tone, icon = STATES[change.to_state]
        turn = _("Reopened") if change.to_state == State.OPEN else word
        title = f"{turn}: {title}"
    seconds = change.stayed_s or 0
    after = _("after %(time)s", time=stayed(seconds)) if seconds >= A_MINUTE else ""
    return Line(change.at, title, _joined(seen_text(change.reason), after, by), tone, icon)


def _edited(change: CardChange, people: Mapping[UUID, str]) -> str:
    """The new value and owner where they are known to the history; of the rest the names."""
    shown = []
    for name in change.fields:
        word = str(FIELDS.get(name, name))
        if name == "value":
            word = f"{word}: {money(change.value)}"
        if name == "owner_id":
            word = f"{word}: {people.get(change.owner_id, '–') if change.owner_id else _('Nobody')}"
        shown.append(word)
    return ", ".join(shown)


def _plain(change: CardChange, *texts: str) -> Line:
    title, tone, icon = PLAIN.get(change.kind, (change.kind, "secondary", "point-filled"))
    return Line(change.at, str(title), _joined(*texts), tone, icon)


def _worth(change: CardChange) -> str:
    return money(change.value) if change.value else ""


def _by(change: CardChange, people: Mapping[UUID, str]) -> str:
    """By name; by e-mail address who is not with the account any more."""
    if change.rule_id is not None:
        return str(_("by the rule %(name)s", name=change.actor))
    name = people.get(change.actor_id) if change.actor_id else None
    return str(_("by %(actor)s", actor=name or (seen_email(change.actor) if "@" in change.actor else change.actor)))


def _joined(*parts: Any) -> str:
    return " · ".join(str(part) for part in parts if part)
