"""Clients by token and pixels by id, cached in each process; the writer notices when the configuration moved."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Engine, or_, select

from app.accounts.models import Account, ApiClient
from app.core import clock, config_version
from app.pixels.models import Pixel

MAX_ENTRIES = 10_000
MISS_S = 1.0  # how long a refusal may rest on what was read before: it never reaches the writer, who would notice


@dataclass(frozen=True, slots=True)
class KnownClient:
    """What intake needs of an API client. `version` is the configuration version it was read at."""

    id: UUID
    token_hash: str
    account_id: UUID
    scopes: frozenset[str]
    pixel_ids: frozenset[str] | None
    answer_mode: str
    limits: tuple[int | None, int | None, int | None]
    valid_until: datetime | None  # of a rotated token
    country_code: str
    version: int
    loaded_at: float


@dataclass(frozen=True, slots=True)
class KnownPixel:
    id: UUID
    account_id: UUID
    platform: str
    pixel_id: str
    settings: Mapping[str, Any]
    active: bool
    version: int
    loaded_at: float


Known = TypeVar("Known", KnownClient, KnownPixel)


class Lookups:
    """Two bounded tables. Hits stay until the version moves or somebody clears them, misses for a second."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._clients: dict[Hashable, tuple[KnownClient | None, float]] = {}
        self._pixels: dict[Hashable, tuple[KnownPixel | None, float]] = {}

    def clear(self) -> None:
        self._clients.clear()
        self._pixels.clear()

    def client(self, token: str, *, fresh: bool = False) -> KnownClient | None:
        """The client of a bearer token. `fresh` reads again what is older than a second."""
        token_hash = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
        return _cached(self._clients, token_hash, fresh, lambda: self._read(load_client, token_hash))

    def pixel(self, account_id: UUID, platform: str, pixel_id: str, *, fresh: bool = False) -> KnownPixel | None:
        key = (account_id, platform, pixel_id)
        return _cached(self._pixels, key, fresh, lambda: self._read(load_pixel, *key))

    def _read(self, load: Callable[..., Known | None], *key: Any) -> Known | None:
        with self._engine.connect() as connection:
            return load(connection, config_version.current(connection), *key)


def _cached(
    table: dict[Hashable, tuple[Known | None, float]], key: Hashable, fresh: bool, read: Callable[[], Known | None]
) -> Known | None:
    entry = table.get(key)
    if entry is not None:
        found, loaded_at = entry
        young = clock.monotonic() - loaded_at < MISS_S
        if young or (found is not None and not fresh):
            return found
    if len(table) >= MAX_ENTRIES:
        table.clear()
    now = clock.monotonic()
    found = read()
    table[key] = (found, now)
    return found


def load_client(connection: Connection, version: int, token_hash: str) -> KnownClient | None:
    row = connection.execute(
        select(ApiClient, Account.country_code)
        .join(Account, Account.id == ApiClient.account_id)
        .with_only_columns(*ApiClient.__table__.columns, Account.country_code)
        .where(or_(ApiClient.token_hash == token_hash, ApiClient.previous_token_hash == token_hash))
        .where(ApiClient.revoked_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    return KnownClient(
        id=row.id,
        token_hash=token_hash,
        account_id=row.account_id,
        scopes=frozenset(row.scopes),
        pixel_ids=None if row.pixel_ids is None else frozenset(row.pixel_ids),
        answer_mode=row.answer_mode,
        limits=(row.per_minute, row.per_hour, row.per_day),
        valid_until=None if row.token_hash == token_hash else row.previous_until,
        country_code=row.country_code,
        version=version,
        loaded_at=clock.monotonic(),
    )


def load_pixel(
    connection: Connection, version: int, account_id: UUID, platform: str, pixel_id: str
) -> KnownPixel | None:
    row = connection.execute(
        select(Pixel.id, Pixel.settings, Pixel.active).where(
            Pixel.account_id == account_id, Pixel.platform == platform, Pixel.pixel_id == pixel_id
        )
    ).one_or_none()
    if row is None:
        return None
    return KnownPixel(
        row.id, account_id, platform, pixel_id, row.settings or {}, row.active, version, clock.monotonic()
    )
