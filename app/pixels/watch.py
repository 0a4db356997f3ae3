"""What needs a person about pixels: a version of the Graph API that ends, a token that cannot be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Row, select

from app.attention.checks import Found, Look, Severity, register
from app.attention.words import describe
from app.core import config_version
from app.core.vault import Vault, VaultError
from app.outbound.models import Target
from app.pixels import graph_versions
from app.pixels.models import TOKEN_PLACE, Pixel
from app.pixels.watch_words import TOKEN_UNDECRYPTABLE, VERSION_EXPIRING, WORDS


@dataclass(slots=True)
class _Memory:
    """Of the last look, good until a pixel or the date changes."""

    key: tuple[int, date] | None = None
    found: list[Found] = field(default_factory=list)
    readable: dict[UUID, str] = field(default_factory=dict)  # the tokens that could be opened, as sealed


_memories: WeakKeyDictionary[Engine, _Memory] = WeakKeyDictionary()


def watch() -> None:
    register("pixels", WORDS, check)
    describe(WORDS)


def check(look: Look) -> list[Found]:
    """Reads the pixels only when the configuration's version moved, else one row."""
    memory = _memories.setdefault(look.state.engine, _Memory())
    key = (config_version.current(look.connection), look.now.date())
    if memory.key != key:
        pixels = _active_pixels(look)
        default = look.state.settings.meta_graph_version
        memory.found = [*_ending(pixels, default, key[1]), *_unreadable(pixels, look.state.vault, memory)]
        memory.key = key
    return memory.found


def _active_pixels(look: Look) -> list[Row[Any]]:
    columns = Pixel.id, Pixel.account_id, Pixel.platform, Pixel.settings, Pixel.sealed_token, Target.label
    wanted = select(*columns).join(Target, Target.id == Pixel.id).where(Pixel.active.is_(True)).order_by(Pixel.id)
    return list(look.connection.execute(wanted))


def _ending(pixels: list[Row[Any]], default: str, today: date) -> Iterator[Found]:
    """One for each account and version; a version chosen for the pixel itself is changed there, else on the server."""
    users: dict[tuple[UUID, str, bool], list[Row[Any]]] = defaultdict(list)
    for pixel in pixels:
        if pixel.platform == "facebook":
            own = pixel.settings.get("graphVersion")
            users[pixel.account_id, own or default, bool(own)].append(pixel)
    for (account_id, version, is_own), using in users.items():
        end = graph_versions.ends_soon(version, today)
        if end is not None:
            facts = {
                "version": version,
                "end": end.isoformat(),
                "ended": end < today,
                "own": is_own,
                "pixels": len(using),
                "pixel": str(using[0].id) if len(using) == 1 else None,
            }
            severity = Severity.DANGER if end < today else Severity.WARNING
            yield Found(account_id, VERSION_EXPIRING, f"{version} {'pixel' if is_own else 'server'}", severity, facts)


def _unreadable(pixels: list[Row[Any]], vault: Vault, memory: _Memory) -> Iterator[Found]:
    readable: dict[UUID, str] = {}
    for pixel in pixels:
        if memory.readable.get(pixel.id) == pixel.sealed_token or _opens(vault, pixel):
            readable[pixel.id] = pixel.sealed_token
        else:
            facts = {"target": pixel.label}
            yield Found(pixel.account_id, TOKEN_UNDECRYPTABLE, str(pixel.id), Severity.DANGER, facts)
    memory.readable = readable


def _opens(vault: Vault, pixel: Row[Any]) -> bool:
    try:
        vault.open(TOKEN_PLACE, pixel.id, pixel.sealed_token)
    except VaultError:
        return False
    return True
