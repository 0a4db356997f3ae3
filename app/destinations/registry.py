"""The one table of destinations; forms, filters, docs and tests iterate over it."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from app.core.settings import Settings
from app.destinations.base import Destination

DESTINATIONS = {  # wire value -> where its class is, loaded on first use
    "kwai": "app.destinations.kwai.Kwai",
    "facebook": "app.destinations.meta.Meta",
}
KEYS = tuple(DESTINATIONS)
ALIASES = {"meta": "facebook"}


def canonical(platform: str) -> str | None:
    """The key of a platform as a client app wrote it (`meta` is `facebook`); None for an unknown one."""
    key = ALIASES.get(platform, platform)
    return key if key in DESTINATIONS else None


def get(key: str, settings: Settings) -> Destination:
    """The adapter of a key or alias. Raises KeyError for an unknown one."""
    return _class(ALIASES.get(key, key))(settings)


def labels() -> dict[str, str]:
    """Key -> the name shown to people, in the order of the table."""
    return {key: _class(key).label for key in KEYS}


@cache
def _class(key: str) -> type[Destination]:
    module, _, name = DESTINATIONS[key].rpartition(".")
    found: type[Destination] = getattr(import_module(module), name)
    return found
