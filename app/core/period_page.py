"""What pages of figures share: the period that their URL asks for, and how they show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import g, request

from app.core.htmx import url_with
from app.core.period import Asked, Compare, asked
from app.core.period_words import COMPARES, PRESETS, PROBLEMS
from app.core.periods import HOUR


def asked_in_url(now: datetime) -> Asked:
    """`period`, `from`, `to` and `compare` of this request, in the reader's zone."""
    given = {name: request.args.get(name, "") for name in ("period", "compare")}
    zone = ZoneInfo(g.timezone)
    return asked(now, zone, start=request.args.get("from", ""), end=request.args.get("to", ""), **given)


@dataclass(frozen=True, slots=True)
class PeriodBar:
    """What `templates/ui/period.html` shows; `keep` are other parameters of the URL that stay."""

    wanted: Asked
    keep: dict[str, str]

    @property
    def presets(self) -> list[tuple[str, Any]]:
        return [(str(key), word) for key, word in PRESETS.items()]

    @property
    def problems(self) -> list[Any]:
        return [PROBLEMS[problem] for problem in self.wanted.problems]

    @property
    def first_day(self) -> str:
        return str(self.wanted.period.first.date())

    @property
    def last_day(self) -> str:
        return str((self.wanted.period.last - HOUR).date())

    @property
    def compare_link(self) -> tuple[str, Any]:
        other = Compare.NONE if self.wanted.compare is Compare.PREVIOUS else Compare.PREVIOUS
        return url_with(compare=other), COMPARES[other]


def period_bar(wanted: Asked, **keep: str) -> PeriodBar:
    """`keep` besides the comparison, which a period of one's own keeps too."""
    comparison = {"compare": str(wanted.compare)} if wanted.compare is Compare.NONE else {}
    return PeriodBar(wanted, comparison | {name: value for name, value in keep.items() if value})
