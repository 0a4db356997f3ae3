"""The charts' part of the gallery: each chart once, with what is hard for it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from app.charts.columns import bars
from app.charts.lines import line
from app.charts.model import Point, Range, Series, Unit
from app.charts.ranking import shares
from app.charts.ring import donut
from app.charts.sparkline import spark
from app.charts.week import heatmap
from app.core import i18n

FIRST = date(2026, 10, 23)
DAYS = [FIRST + timedelta(days=number) for number in range(30)]
HOSTILE = "<img src=x onerror=alert(1)> \"'&{{ 7 * 7 }} " + "x" * 60


def content() -> dict[str, Any]:
    devices = [_("Mobile phone"), _("Computer"), _("Tablet"), _("Unknown")]
    return {
        "days": days(),
        "lines": lines(),
        "stacked": stacked(),
        "hours": bars(
            id="gallery-hours",
            title=_("Events by hour"),
            series=[Series(_("Events"), [round(9000 * shape(hour)) for hour in range(24)])],
            labels=[f"{hour}h" for hour in range(24)],
            partial_last=True,
        ),
        "week": heatmap(id="gallery-week", title=_("Peak hours"), values=week()),
        "clients": clients(),
        "devices": donut(
            id="gallery-devices",
            title=_("Devices"),
            total_label=_("Opens"),
            points=[Point(name, value) for name, value in zip(devices, (8120, 3410, 320, 495), strict=True)],
        ),
        "none": line(id="gallery-none", title=_("No data"), series=[Series(_("Opens"), [])], labels=[]),
        "zeros": line(
            id="gallery-zeros", title=_("Only zeros"), series=[Series(_("Opens"), [0] * 7)], labels=labels(DAYS[:7])
        ),
        "single": line(id="gallery-single", title=_("One point"), series=[Series(_("Opens"), [7])], labels=["21/11"]),
        "small": spark([3, 5, 4, 8, 6, 9, 12], _("Opens, last 7 days")),
    }


def days() -> Markup:
    now = [round(12000 * (0.6 + shape(day.weekday() * 3 + 4)) + (day.day * 7919) % 2600) for day in DAYS]
    now[-1] //= 3
    return line(
        id="gallery-days",
        title=_("Opens by day"),
        series=[Series(_("Opens"), now)],
        compare=Series(_("Period before"), [round(value * 0.8 + (value * 31) % 1900) for value in [*now[:-1], 9000]]),
        labels=labels(DAYS),
        full_labels=[i18n.date_text(day) for day in DAYS],
        partial_last=True,
        select=Range("/ui/?platform=Kwai", [day.isoformat() for day in DAYS]),
    )


def lines() -> Markup:
    rates = [("Kwai", 0.97), ("Meta", 0.92), ("GA4", 0.85)]
    series = [Series(name, [rate - (i * 37 % 11) / 90 for i in range(14)]) for name, rate in rates]
    gap = Series(HOSTILE, [0.5, 0.52, None, None, 0.6, None, *[0.55] * 8])
    return line(
        id="gallery-lines", title=_("Success rate"), series=[*series, gap], labels=labels(DAYS[:14]), unit=Unit.PERCENT
    )


def stacked() -> Markup:
    names = [_("Confirmed"), _("By proxy"), _("Automatic"), _("Bots")]
    series = [Series(name, [(day.day * (5 - i) * 97) % 900 + 300 for day in DAYS[:14]]) for i, name in enumerate(names)]
    return bars(id="gallery-stacked", title=_("Opens by class"), series=series, labels=labels(DAYS[:14]))


def clients() -> Markup:
    return shares(
        id="gallery-clients",
        title=_("E-mail programs"),
        heading=_("E-mail program"),
        value_heading=_("Opens"),
        points=[
            Point("Gmail", 12345, "/ui/?q=gmail"),
            Point("Outlook", 5210, "/ui/?q=outlook"),
            Point("Apple Mail", 3999, "/ui/?q=apple"),
            Point(HOSTILE, 812),
            Point("Thunderbird", 0),
        ],
    )


def labels(days: list[date]) -> list[str]:
    return [f"{day:%d/%m}" for day in days]


def shape(hour: float) -> float:
    """A day's bustle: a hill in the morning, a higher one in the afternoon."""
    return max(0.03, 1 - abs(hour - 15) / 7, 0.75 - abs(hour - 10) / 5)


def week() -> list[list[int]]:
    return [[round(480 * shape(hour) * (0.25 if day > 4 else 1 - day / 12)) for hour in range(24)] for day in range(7)]
