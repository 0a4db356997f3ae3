"""The thresholds of rules in words: from when on one alerts."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import ngettext

from app.core.i18n import number


def dead_letters(many: int) -> str:
    words = {"amount": number(many)}
    return str(ngettext("From %(amount)s dead letter on", "From %(amount)s dead letters on", many, **words))


def delayed(minutes: int) -> str:
    words = {"amount": number(minutes)}
    return str(ngettext("From %(amount)s minute of delay on", "From %(amount)s minutes of delay on", minutes, **words))


def arriving(percent: int) -> str:
    return str(_("Below %(amount)s%% arriving", amount=number(percent)))


def before_the_end(days: int) -> str:
    words = {"amount": number(days)}
    return str(
        ngettext(
            "At once, and a version %(amount)s day before it ends",
            "At once, and a version %(amount)s days before it ends",
            days,
            **words,
        )
    )


def fewer(percent: int) -> str:
    return str(_("From %(amount)s%% less than usual on", amount=number(percent)))
