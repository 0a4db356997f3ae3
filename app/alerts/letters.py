"""The letters of alerts: one for all that a rule has to tell at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from flask_babel import gettext as _
from flask_babel import ngettext

from app.accounts.roles import permissions_of
from app.alerts.news import End
from app.alerts.rules import Person, Rule
from app.alerts.words import LISTED, page_url, said
from app.attention.words import sentences
from app.core import mail
from app.core.i18n import in_zone, number
from app.core.mail import Letter

PURPOSE = "alert"
MOST_LISTED = 20
TRIAL_LIVES = timedelta(hours=2)


class Line(NamedTuple):
    """One thing of a letter. `times`: how often it is told with this letter; `is_worse`: than when it was told before;
    `end`: why it is over, if it is."""

    kind: str
    subject: str
    facts: dict[str, Any]
    times: int = 1
    is_worse: bool = False
    end: End | None = None


def letter(rule: Rule, person: Person, lines: Sequence[Line]) -> Letter:
    """All that is raised, or all that is over: never both. Slow: call it outside of `write()`."""
    may = permissions_of(person.role).__contains__
    with mail.in_language_of(person.locale), in_zone(person.timezone):
        shown = [said(line.kind, line.subject, line.facts, may, unlinked=True) for line in lines[:MOST_LISTED]]
        paragraphs = [
            sentences(f"{words.title}.", _also(line), "" if line.end else words.text)
            for words, line in zip(shown, lines, strict=False)
        ]
        if (rest := len(lines) - len(shown)) > 0:
            paragraphs.append(ngettext("And %(number)s more.", "And %(number)s more.", rest, number=number(rest)))
        url = shown[0].url if len(lines) == 1 else page_url(LISTED)
        return mail.letter(
            PURPOSE,
            subject=_subject(rule, lines, shown[0].title),
            paragraphs=paragraphs,
            action=mail.Action(_("Open it in Kalitrack"), url),
            note=_note(rule),
        )


def trial(person: Person, topics_url: str) -> Letter:
    """What somebody sends to themselves, to see that letters arrive."""
    with mail.in_language_of(person.locale):
        return mail.letter(
            PURPOSE,
            subject=_("Alert: this is a test"),
            paragraphs=[_("Alerts of Kalitrack reach you here. Nothing needs you now.")],
            action=mail.Action(_("See the rules"), topics_url),
        )


def _subject(rule: Rule, lines: Sequence[Line], title: str) -> str:
    is_over, count = lines[0].end is not None, len(lines)
    if count == 1:
        return str(_("Over: %(title)s", title=title) if is_over else _("Alert: %(title)s", title=title))
    words = {"topic": rule.topic.label, "number": number(count)}
    if is_over:
        over = ngettext("%(topic)s: %(number)s alert is over", "%(topic)s: %(number)s alerts are over", count, **words)
        return str(over)
    return str(ngettext("%(topic)s: %(number)s alert", "%(topic)s: %(number)s alerts", count, **words))


def _also(line: Line) -> str:
    match line.end:
        case End.GONE:
            return str(_("This is over."))
        case End.BELOW:
            return str(_("It is below the threshold of the rule again."))
        case End.OFF:
            return str(_("The rule was switched off: nobody is told of it any more, whether it is over or not."))
    if line.times == 1:
        return ""
    return str(_("It has become worse.") if line.is_worse else _("This still lasts."))


def _note(rule: Rule) -> str:
    hours = number(rule.repeat_hours)
    return str(
        ngettext(
            "Sent by the alert rule “%(topic)s”. What lasts is told again after %(hours)s hour.",
            "Sent by the alert rule “%(topic)s”. What lasts is told again after %(hours)s hours.",
            rule.repeat_hours,
            topic=rule.topic.label,
            hours=hours,
        )
    )
