"""The statistics of a webhook as people see them: figures and charts by day."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from app.charts import Series, Unit, bars, line
from app.core.period_words import full_label, short_label
from app.webhooks.stats import Stats

PER_S = 1000


def calls(found: Stats) -> Markup:
    """Successful and failed attempts of each day."""
    return bars(
        id="webhook-calls",
        title=_("Calls by day"),
        series=[
            Series(_("Successful"), [day.successful for day in found.days]),
            Series(_("Failed"), [day.failed for day in found.days]),
        ],
        empty=_("No calls in these days."),
        partial_last=True,
        **_labels(found),
    )


def times(found: Stats) -> Markup:
    """How long the receiver took on average; a gap on a day without calls."""
    return line(
        id="webhook-times",
        title=_("Average time of a call by day"),
        series=[Series(_("Average time"), [_seconds(day.average_ms) for day in found.days])],
        unit=Unit.SECONDS,
        empty=_("No calls in these days."),
        partial_last=True,
        **_labels(found),
    )


def _seconds(average_ms: float | None) -> float | None:
    return None if average_ms is None else average_ms / PER_S


def _labels(found: Stats) -> dict[str, Any]:
    days = [datetime.combine(day.date, time()) for day in found.days]
    return {
        "labels": [short_label(day, False, False) for day in days],
        "full_labels": [full_label(day, False) for day in days],
    }
