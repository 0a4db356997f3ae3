"""Figures as cards: a value, how it changed against the period before, and the rows behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flask_babel import gettext as _

from app.core import i18n

UNSEEN = 0.0005  # a smaller change is none, as it is shown
NOISE = 0.01, 0.001  # a share, points: smaller changes are neither good nor bad
Good = Literal["up", "down", ""]  # which direction is good news; empty: neither


@dataclass(frozen=True, slots=True)
class Change:
    """Against the period before: `share` of it for counts and delays (0.12 = 12 % more), `points` for shares."""

    share: float | None = None
    points: float | None = None

    @property
    def size(self) -> float:
        return self.points if self.points is not None else self.share or 0.0


def more(ours: float | None, theirs: float | None) -> Change | None:
    return None if ours is None or not theirs else Change(share=(ours - theirs) / theirs)


def points(ours: float | None, theirs: float | None) -> Change | None:
    return None if ours is None or theirs is None else Change(points=ours - theirs)


@dataclass(frozen=True, slots=True)
class Card:
    """One figure. `change` is text, `up` its direction, `tone` whether that is good; `before` the figure it is compared
    with, `note` what it means."""

    label: str
    value: str
    href: str
    change: str = ""
    up: bool = False
    tone: str = "secondary"
    before: str = ""
    note: str = ""


def card(
    label: str,
    value: str,
    href: str,
    change: Change | None = None,
    before: str | None = None,
    *,
    good: Good = "up",
    note: str = "",
) -> Card:
    """`value` and `before` (None: nothing to compare with) are text, as they are shown."""
    then = "" if before is None else str(_("before: %(value)s", value=before))
    if change is None or abs(change.size) < UNSEEN:
        return Card(label, value, href, before=then, note=note)
    is_up = change.size > 0
    is_noise = not good or abs(change.size) < NOISE[change.points is not None]
    tone = "secondary" if is_noise else "success" if is_up == (good == "up") else "danger"
    return Card(label, value, href, _size(change), is_up, tone, then, note)


def _size(change: Change) -> str:
    if change.points is not None:
        return str(_("%(points)s pts", points=i18n.number(round(abs(change.points) * 100, 1))))
    return i18n.percent(abs(change.size), 1 if abs(change.size) < 1 else 0)
