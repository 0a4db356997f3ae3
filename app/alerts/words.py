"""Findings as letters and other systems are told of them: in words, with the page of the next step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext

from app.alerts.rules import Person, Rule
from app.attention.words import in_words, sentences
from app.core import mail
from app.core.i18n import number
from app.core.runtime import runtime
from app.outbound.watch_words import RECEIVER_GONE, TOKEN_REFUSED

QUOTING = {TOKEN_REFUSED, RECEIVER_GONE}  # their facts hold what the other side answered, which we did not write
LISTED = "attention.index"


@dataclass(frozen=True, slots=True)
class Said:
    title: str
    text: str
    url: str


def said(kind: str, subject: str, facts: dict[str, Any], may: Callable[[str], bool], *, unlinked: bool = False) -> Said:
    """In the language and zone of the context. `may`: which permissions the reader has, for a page they may open;
    `unlinked`: no mail program makes a link of a name in it."""
    words = in_words(kind, subject, _told(kind, facts, unlinked))
    step = next(
        (one for one in words.steps if one.endpoint in current_app.view_functions and may(one.permission)), None
    )
    url = page_url(step.endpoint, **step.values) if step else page_url(LISTED)
    return Said(words.title, sentences(words.text, words.advice), url)


def _told(kind: str, facts: dict[str, Any], unlinked: bool) -> dict[str, Any]:
    own = facts | {"reason": ""} if kind in QUOTING else facts
    if not unlinked:
        return own
    return {name: mail.unlinked(value) if isinstance(value, str) else value for name, value in own.items()}


def page_url(endpoint: str, **values: Any) -> str:
    """Below PUBLIC_URL, without a request: `url_for` would need to know a host."""
    path = current_app.url_map.bind("localhost").build(endpoint, values)
    return f"{runtime().settings.public_url.rstrip('/')}{path}"


def when_words(rule: Rule) -> str:
    """From when on the rule alerts."""
    limit = rule.topic.threshold
    if limit is None or rule.threshold is None:
        return str(_("Each one"))
    return limit.words(rule.threshold)


def how_words(rule: Rule, to: list[Person]) -> str:
    """Whom it tells, and how often."""
    if not rule.enabled:
        return str(_("Switched off: the bell alone shows it."))
    ways = []
    if rule.by_mail:
        ways.append(_("e-mail to %(names)s", names=names_of(to)))
    if rule.by_webhook:
        ways.append(_("webhooks"))
    if not ways:
        return str(_("It is only listed below."))
    again = ngettext("again after %(hours)s hour", "again after %(hours)s hours", rule.repeat_hours,
                     hours=number(rule.repeat_hours))  # fmt: skip
    return f"{', '.join([*ways, again])}."


def names_of(people: list[Person], most: int = 3) -> str:
    if not people:
        return str(_("nobody"))
    names = [person.name for person in people[:most]]
    if len(people) > most:
        rest = len(people) - most
        names.append(ngettext("%(number)s other", "%(number)s others", rest, number=number(rest)))
    return str(_("%(names)s and %(last)s", names=", ".join(names[:-1]), last=names[-1])) if names[1:] else names[0]
