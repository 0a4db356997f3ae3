"""What an account can be alerted of: topics, the findings behind each, and from when on one is worth a word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l

from app.alerts import amounts
from app.core.errors import NotFound, Text
from app.outbound.watch_words import DEAD_LETTERS, MAIL, QUEUE_OLD, RECEIVER_GONE, TOKEN_REFUSED

Facts = Mapping[str, Any]
Above = Callable[[Facts, int, datetime], bool]


class Unit(StrEnum):
    NUMBER = "number"
    MINUTES = "minutes"
    PERCENT = "percent"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A whole number of `unit`. `reached(facts, number, now)`: is a finding with these facts worth an alert; `words`:
    a rule with this number."""

    unit: Unit
    label: Text
    default: int
    least: int
    most: int
    reached: Above
    words: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Topic:
    """`kinds` are those of the findings behind it, each of one topic only; `threshold` None: every one of them."""

    key: str
    label: Text
    meaning: Text
    kinds: frozenset[str]
    threshold: Threshold | None = None

    def is_worth(self, facts: Facts, number: int | None, now: datetime) -> bool:
        """False for facts of another version of the product, which say nothing to compare."""
        if self.threshold is None or number is None:
            return True
        try:
            return self.threshold.reached(facts, number, now)
        except (KeyError, TypeError, ValueError):
            return False


def is_about_mail(facts: Facts) -> bool:
    """Whether the letter about it would be held up by what it tells of."""
    return facts.get("kind") == MAIL


def _many(facts: Facts, number: int, _now: datetime) -> bool:
    return int(facts["number"]) >= number


def _old(facts: Facts, number: int, now: datetime) -> bool:
    return (now - datetime.fromisoformat(facts["since"])).total_seconds() >= number * 60


def _failing(facts: Facts, number: int, _now: datetime) -> bool:
    return int(facts["share"]) < number


def _ending(facts: Facts, number: int, now: datetime) -> bool:
    """What has no end is broken already."""
    return "end" not in facts or (date.fromisoformat(facts["end"]) - now.date()).days <= number


def _fallen(facts: Facts, number: int, _now: datetime) -> bool:
    return int(facts["percent"]) >= number


# The kinds of findings that features beside this one raise are written out: this package imports none of them.
TOPICS = (
    Topic(
        "dead_letters",
        _l("Dead letters"),
        _l("Deliveries that were given up: nobody tries them again until somebody sends them anew."),
        frozenset({DEAD_LETTERS}),
        Threshold(Unit.NUMBER, _l("From how many of one receiver"), 1, 1, 1_000_000, _many, amounts.dead_letters),
    ),
    Topic(
        "oldest_waiting",
        _l("Deliveries that are late"),
        _l("The oldest delivery that could go out, and does not: no worker runs, or they cannot keep up."),
        frozenset({QUEUE_OLD}),
        Threshold(Unit.MINUTES, _l("From how many minutes of delay"), 5, 1, 1440, _old, amounts.delayed),
    ),
    Topic(
        "failing_pixel",
        _l("Failing pixel"),
        _l("Of the events of the last 24 hours that a pixel is done with, fewer arrive than you can accept."),
        frozenset({"pixel_failing"}),
        Threshold(Unit.PERCENT, _l("Below which share arriving (%)"), 90, 1, 95, _failing, amounts.arriving),
    ),
    Topic(
        "credentials",
        _l("Token or version"),
        _l("A token was refused or cannot be read, or a version of a platform's interface comes to its end."),
        frozenset({TOKEN_REFUSED, "token_undecryptable", "version_expiring"}),
        Threshold(Unit.DAYS, _l("How many days before a version ends"), 30, 1, 90, _ending, amounts.before_the_end),
    ),
    Topic(
        "webhook_disabled",
        _l("Disabled webhook"),
        _l("A receiver answered that it is gone (410), or failed for five days: nothing more is sent to it."),
        frozenset({RECEIVER_GONE, "webhook_disabled"}),
    ),
    Topic(
        "event_drop",
        _l("Drop in events"),
        _l(
            "Far fewer events in 24 hours than at the same time of the four weeks before: a site may have lost its tag."
        ),
        frozenset({"events_dropped"}),
        Threshold(Unit.PERCENT, _l("From how much less (%)"), 50, 40, 100, _fallen, amounts.fewer),
    ),
)
BY_KEY = {topic.key: topic for topic in TOPICS}
OF_KIND = {kind: topic for topic in TOPICS for kind in topic.kinds}


def known(key: str) -> Topic:
    """Raises NotFound."""
    if key not in BY_KEY:
        raise NotFound
    return BY_KEY[key]
