"""Webhooks in words: groups of events, what one takes, when it is tried again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.core import event_types
from app.core.errors import localized
from app.webhooks.models import Schedule
from app.webhooks.planned import TEST

ALL = "*"
MOST_NAMED = 2  # events in a list that are named; further ones are counted
GROUPS: dict[str, Any] = {
    "alert": _l("Alerts"),
    "broadcast": _l("Mass messages"),
    "campaign": _l("Campaigns"),
    "card": _l("Cards"),
    "contact": _l("Contacts"),
    "content": _l("Content"),
    "conversation": _l("Conversations"),
    "conversion": _l("Conversions"),
    "deal": _l("Deals"),
    "image": _l("E-mail images"),
    "import": _l("Imports"),
    "lead": _l("Leads"),
    "message": _l("Messages"),
    "tracking": _l("Tracking"),
    "webhook": _l("Webhooks"),
    "workflow": _l("Workflows"),
}
SCHEDULES: dict[str, Any] = {
    Schedule.STANDARD: _l(
        "Standard: again after 1, 5 and 15 seconds, then after 2 and 15 minutes and 1, 3, 8, 16 and 24 hours"
    ),
    Schedule.FAST: _l("Fast: again after 1, 5 and 15 seconds, then it is given up"),
}
SHORT_SCHEDULES: dict[str, Any] = {Schedule.STANDARD: _l("Standard"), Schedule.FAST: _l("Fast")}


@dataclass(frozen=True, slots=True)
class Offer:
    """One event of the picker. `is_emitted`: False while the product has nothing yet that it could happen to."""

    name: str
    summary: str = ""
    is_emitted: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """Events about one thing, as the picker shows them. `name` is "deal" of "deal.*"; empty for those that the
    catalogue does not have any more."""

    name: str
    label: str
    offers: Sequence[Offer]

    @property
    def wildcard(self) -> str:
        return f"{self.name}.*"


def group_word(name: str) -> str:
    return str(GROUPS.get(name, name))


def groups(chosen: Collection[str] = ()) -> list[Group]:
    """The catalogue by group, those first that happen by now; at the end what is chosen and no longer in it, so that
    saving does not lose it. A test goes out whatever is chosen."""
    by_group: dict[str, list[Offer]] = {}
    for one in sorted(event_types.public().values(), key=lambda each: not each.is_emitted):
        if one.name == TEST and TEST not in chosen:
            continue
        offer = Offer(one.name, localized(one.summary), one.is_emitted)
        by_group.setdefault(one.group, []).append(offer)
    found = [Group(name, group_word(name), offers) for name, offers in by_group.items()]
    gone = [Offer(name) for name in chosen if not is_offered(name, by_group)]
    return [*found, Group("", str(_("No longer in the catalogue")), gone)] if gone else found


def is_offered(name: str, by_group: Iterable[str]) -> bool:
    group, _dot, rest = name.partition(".")
    return name == ALL or event_types.is_public(name) or (rest == "*" and group in by_group)


def events_words(events: Sequence[str]) -> str:
    """`All events`, `Deals (all), contact.created`, `contact.created, deal.won and 3 more`."""
    if ALL in events:
        return str(_("All events"))
    named = [event_word(name) for name in events]
    if len(named) <= MOST_NAMED + 1:
        return ", ".join(named)
    more = len(named) - MOST_NAMED
    return str(
        ngettext(
            "%(events)s and %(num)d more", "%(events)s and %(num)d more", more, events=", ".join(named[:MOST_NAMED])
        )
    )


def event_word(name: str) -> str:
    if name == ALL:
        return str(_("All events"))
    group, _dot, rest = name.partition(".")
    return str(_("%(group)s: all", group=group_word(group))) if rest == "*" else name


def host_of(url: str) -> str:
    """Where it goes, without the path, which may hold a token."""
    try:
        return urlsplit(url).netloc or url
    except ValueError:
        return url
