"""Cards as the board prints them. By hand and not by a template: a board has hundreds, each of a dozen texts, and what
a template does for each text takes eight times as long. Whatever people typed goes through `escape`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from html import escape
from typing import Any
from uuid import UUID
from zlib import crc32

from flask_babel import gettext as _
from flask_babel import ngettext

from app.core.folding import fold
from app.core.i18n import date_text
from app.core.masking import seen_email, seen_phone
from app.funnels.board.filters import warns
from app.funnels.board.reading import SEPARATOR
from app.funnels.models import Stage
from app.funnels.states import State

TAGS = 3  # named on a card; the others are counted
COLORS = 6  # of the circles with initials
GRIP = '<button type="button" class="board-grip" data-menu tabindex="-1" aria-label="{}">⋮</button>'.format
STAY = "<span>{}</span>".format
STALLED = '<em class="tone-warning">{}</em>'.format
OVERDUE = '<p><em class="tone-danger">{}</em></p>'.format
OWNER = '<span class="board-owner o{}" role="img" title="{}">{}</span>'.format
TAG = '<span class="badge">{}</span>'.format
LINE = "<p>{}</p>".format


@dataclass(slots=True)
class Printer:
    """Prints cards for one answer; what many cards have in common is made once. `owners`: id -> name; `path`: in front
    of a card's id in its address; `can_edit`: whether a card can be taken hold of."""

    stages: Sequence[Stage]
    owners: Mapping[UUID, str]
    zone: tzinfo
    now: datetime
    locale: str
    path: str
    can_edit: bool
    stays: dict[int, str] = field(default_factory=dict)
    warnings: dict[int, str] = field(default_factory=dict)
    lates: dict[date, str] = field(default_factory=dict)
    circles: dict[str | None, str] = field(default_factory=dict)
    lines: dict[str | None, str] = field(default_factory=lambda: {None: ""})

    def cards(self, rows: Sequence[Sequence[Any]]) -> list[str]:
        """The HTML of rows of `reading.of_card`."""
        limits = {form: stage.stalled_after for stage in self.stages if warns(stage) for form in forms_of(stage.id)}
        today, path = self.now.astimezone(self.zone).date(), escape(self.path)
        before, after = escape(_("Move %(name)s", name="\0")).split("\0")
        printed = []
        for id, stage, _rank, state, cents, owner, close, entered, version, tags, *names in rows:
            id, name = dashed(id), escape(called(*names))
            days = max(0, (self.now - entered).days)
            limit = limits.get(stage)
            is_late = close is not None and close < today and state == State.OPEN
            is_stalled = limit is not None and days >= limit
            grip = GRIP(before + name + after) if self.can_edit else ""
            value = brl(cents, self.locale) if cents else ""
            how_long = _kept(self.warnings, days, stalled) if is_stalled else _kept(self.stays, days, stay)
            printed.append(
                f'<li class="board-card" id="card-{id}" data-card="{id}" data-version="{version}" data-name="{name}"'
                f' tabindex="-1"><a data-panel href="{path}{id}">{name}</a>{grip}'
                f"<p><b>{value}</b>{how_long}{_kept(self.circles, owner, self._circle)}</p>"
                f"{_kept(self.lates, close, late) if is_late else ''}{_kept(self.lines, tags, line)}</li>\n"
            )
        return printed

    def _circle(self, id: str | None) -> str:
        """The initials of who the card belongs to, with the whole name for who cannot see or guess them."""
        name = self.owners.get(UUID(id), "") if id is not None else ""
        title = escape(_("Owner: %(name)s", name=name))
        return OWNER(crc32(name.encode()) % COLORS + 1, title, escape(initials(name))) if name else ""


def dashed(id: str) -> str:
    """The id of a row as text, which one of the databases keeps without dashes."""
    return id if len(id) != 32 else f"{id[:8]}-{id[8:12]}-{id[12:16]}-{id[16:20]}-{id[20:]}"


def forms_of(id: UUID) -> tuple[str, str]:
    """How rows may write an id."""
    return id.hex, str(id)


def called(name: str | None, company: str | None, phone: str | None, email: str | None) -> str:
    """How a card is called: as its contact."""
    return name or company or seen_phone(phone) or seen_email(email) or str(_("No name"))


def _kept(made: dict[Any, str], key: Any, make: Callable[[Any], str]) -> str:
    found = made.get(key)
    if found is None:
        found = made[key] = make(key)
    return found


def stay(days: int) -> str:
    return STAY(escape(ngettext("%(num)d day", "%(num)d days", days) if days else _("today")))


def stalled(days: int) -> str:
    return STALLED(escape(ngettext("stalled for %(num)d day", "stalled for %(num)d days", days)))


def late(day: date) -> str:
    return OVERDUE(escape(_("overdue since %(day)s", day=date_text(day))))


def line(tags: str) -> str:
    """Of the names of tags, as `reading.of_card` has them."""
    names = sorted(tags.split(SEPARATOR), key=fold)
    others = [TAG(f"+{len(names) - TAGS}")] if len(names) > TAGS else []
    return LINE("".join([TAG(escape(name)) for name in names[:TAGS]] + others))


def initials(name: str) -> str:
    """`Maria da Silva` -> MS."""
    words = [word for word in name.split() if word[0].isalnum()] or [name.strip() or "?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def brl(cents: int, locale: str) -> str:
    """`R$ 1.234,50`, as `core.i18n.money` says it, in a twentieth of its time."""
    reais, rest = divmod(cents, 100)
    return f"R${reais:,}.{rest:02}" if locale == "en" else f"R$\xa0{reais:,}".replace(",", ".") + f",{rest:02}"
