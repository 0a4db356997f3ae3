"""Languages, time zone and the formats of dates, numbers and money. English msgids, Brazilian Portuguese by default."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

import flask_babel
from babel.dates import format_timedelta
from flask import Flask, g, has_request_context, request

from app.core import clock
from app.core.catalog import PORTUGUESE, command, compiled

LOCALES = {"pt_BR": "Português", "en": "English"}
DEFAULT_LOCALE = "pt_BR"
LOCALE_COOKIE = "locale"
DATETIME = {"pt_BR": "dd/MM/yyyy HH:mm", "en": "MMM d, yyyy HH:mm"}
DATE = {"pt_BR": "dd/MM/yyyy", "en": "MMM d, yyyy"}
NOTHING = "–"


def init_app(app: Flask, data_dir: Path, timezone: str) -> None:
    """`timezone` is the name used when nobody set `g.timezone`."""
    flask_babel.Babel(
        app,
        default_locale=DEFAULT_LOCALE,
        default_timezone=timezone,
        default_translation_directories=str(compiled(PORTUGUESE, data_dir)),
        locale_selector=chosen_locale,
        timezone_selector=lambda: g.get("timezone"),
    )
    app.jinja_env.filters.update(
        datetime=datetime_text, date=date_text, number=number, money=money, percent=percent, ago=ago
    )
    app.jinja_env.globals.update(locale=locale, LOCALES=LOCALES)


def chosen_locale() -> str:
    """`g.locale` (the signed-in person's), else the language switch's cookie, else Portuguese."""
    wishes = (g.get("locale"), request.cookies.get(LOCALE_COOKIE) if has_request_context() else None)
    return next((wish for wish in wishes if wish in LOCALES), DEFAULT_LOCALE)


def locale() -> str:
    return str(flask_babel.get_locale() or DEFAULT_LOCALE)


@contextmanager
def in_zone(name: str | None) -> Iterator[None]:
    """Inside, times are said in this zone, for a letter to somebody who does not look; None: the installation's."""
    before = g.get("timezone")
    g.timezone = name
    flask_babel.refresh()
    try:
        yield
    finally:
        g.timezone = before
        flask_babel.refresh()


def datetime_text(value: datetime | None) -> str:
    """`21/11/2026 14:03` in the person's zone, else the account's; stored times are aware UTC."""
    return NOTHING if value is None else str(flask_babel.format_datetime(value, DATETIME[locale()]))


def date_text(value: date | datetime | None) -> str:
    if value is None:
        return NOTHING
    return str(flask_babel.format_date(value, DATE[locale()], rebase=isinstance(value, datetime)))


def number(value: int | float | Decimal | None, places: int | None = None) -> str:
    """`1.234,5`: as many decimals as there are, or exactly `places`."""
    if value is None:
        return NOTHING
    decimals = "#" * 6 if places is None else "0" * places
    return str(flask_babel.format_decimal(value, f"#,##0.{decimals}" if decimals else "#,##0"))


def money(value: int | float | Decimal | None, currency: str = "BRL") -> str:
    """`R$ 1.234,50`."""
    return NOTHING if value is None else str(flask_babel.format_currency(value, currency))


def percent(value: float | Decimal | None, places: int = 1) -> str:
    """A share between 0 and 1 as `12,5%`."""
    return (
        NOTHING
        if value is None
        else flask_babel.format_percent(value, f"#,##0.{'0' * places}%" if places else "#,##0%")
    )


def ago(
    value: datetime | None, *, now: datetime | None = None, granularity: Literal["second", "minute"] = "second"
) -> str:
    """`há 5 minutos`, `em 2 horas`. By minutes where it is to be true still when it is read a little later."""
    if value is None:
        return NOTHING
    apart = value - (now or clock.now())
    return format_timedelta(apart, granularity=granularity, add_direction=True, locale=locale())


if __name__ == "__main__":
    sys.exit(command(sys.argv[1:]))
