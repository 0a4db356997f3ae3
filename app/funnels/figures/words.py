"""The figures of a funnel in words."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import format_date, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.charts import words as chart_words
from app.core import i18n
from app.core.masking import seen_text
from app.funnels.figures.forecast import When

DAY_S = 86_400
WHEN: dict[str, Any] = {
    When.OVERDUE: _l("Overdue"),
    When.LATER: _l("Later"),
    When.UNDATED: _l("Without a date"),
}
# How every figure is counted, for people: the same as the docstrings say to us.
MEANINGS: tuple[tuple[Any, Any], ...] = (
    (
        _l("Conversion"),
        _l(
            "Entered: the cards that came into the stage in the period, each counted once. Went on: those of them that"
            " afterwards, within the period, came into a stage further right or were won. Lost: those that afterwards"
            " were lost. From made to won: of the cards made in the period, those that stand as won at its end."
        ),
    ),
    (
        _l("Time in stage"),
        _l(
            "Of stays that ended in the period with a move to another stage; the median is the stay in the middle."
            " “There now” is how the board looks at this moment, and for how long these cards have been in the stage."
        ),
    ),
    (
        _l("Value over time"),
        _l("The value of all open cards at the end of each day, and the value won on it."),
    ),
    (
        _l("Won and lost"),
        _l(
            "A closing counts in the period in which it happened, with the value, the reason and the owner of that"
            " moment. A card that was reopened does not count; of one that was closed again the last closing does."
            " Win rate: won of all that were won or lost."
        ),
    ),
    (
        _l("Forecast"),
        _l("The cards that are open now, by their expected close. Weighted: each value times the chance of its stage."),
    ),
    (
        _l("Removed cards"),
        _l("What happened before a card was removed stays counted; its value leaves the open value on that day."),
    ),
    (
        _l("Owner"),
        _l(
            "With one owner chosen: what happened while this person owned the card. What is as of now goes by today's"
            " owner."
        ),
    ),
)


def stay(seconds: float | None) -> str:
    """`35 min`, `22,5 h`, `3,5 days`."""
    if seconds is None:
        return "–"
    if seconds < 2 * DAY_S:
        return chart_words.duration(float(round(seconds)))
    return days(seconds / DAY_S)


def days(count: float | None) -> str:
    if count is None:
        return "–"
    rounded = round(count, 1)
    return str(ngettext("%(days)s day", "%(days)s days", 1 if rounded == 1 else 2, days=i18n.number(rounded)))


def when(found: date | When) -> str:
    """`November 2026`, or one of When in words."""
    if isinstance(found, When):
        return str(WHEN[found])
    return str(format_date(found, "LLLL 'de' y" if i18n.locale() == "pt_BR" else "LLLL y"))


def short_when(found: date | When) -> str:
    """Under a chart."""
    return str(WHEN[found]) if isinstance(found, When) else str(format_date(found, "MMM/yy"))


def reason(text: str | None) -> str:
    """As whoever looks sees it: people type reasons freely."""
    return seen_text(text) or str(_("No reason given"))
