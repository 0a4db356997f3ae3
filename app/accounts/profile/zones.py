"""Time zones to choose from: those that the tz database lists per country, Brazil's first."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from babel.dates import get_timezone_location

FIRST_COUNTRY = "BR"
FIRST = "America/Sao_Paulo"  # where most of Brazil lives
UTC = "UTC"


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Some 420 names: Brazil's, UTC, then all others by alphabet. Aliases and old names are not among them."""
    table = (files("tzdata.zoneinfo") / "zone.tab").read_text("utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    near = sorted((row[2] for row in rows if row[0] == FIRST_COUNTRY), key=lambda name: (name != FIRST, name))
    far = sorted(row[2] for row in rows if row[0] != FIRST_COUNTRY)
    return (*near, UTC, *far)


def find(text: str) -> str | None:
    """The zone that somebody typed: `america/sao paulo` is America/Sao_Paulo. None when there is none."""
    return _by_typing().get(text.strip().replace(" ", "_").casefold())


@lru_cache(maxsize=4)
def choices(locale: str) -> tuple[tuple[str, str], ...]:
    """(name, place in the reader's language), so that `São Paulo` is found as well as `Sao_Paulo`."""
    return tuple((name, name if name == UTC else _place(name, locale)) for name in names())


@lru_cache(maxsize=1)
def _by_typing() -> dict[str, str]:
    return {name.casefold(): name for name in names()}


def _place(name: str, locale: str) -> str:
    return get_timezone_location(name, locale=locale, return_city=True)
