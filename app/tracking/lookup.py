"""Clients by token and pixels by id, cached in each process; the writer notices when the configuration moved."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Engine, or_, select

from app.accounts.models import Account, ApiClient
from app.core import clock
from app.core.models import ConfigVersion
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


@dataclass(frozen=True, slots=True)
class KnownPixel:
    id: UUID
    account_id: UUID
    platform: str
    pixel_id: str
    settings: Mapping[str, Any]
    active: bool
    version: int


Known = TypeVar("Known", KnownClient, KnownPixel)
VERSION = select(ConfigVersion.version).scalar_subquery().label("config_version")  # of the row, in the same statement


class Table(Generic[Known]):
    """What was found stays until somebody clears the table; what was not, apart (so that guessing evicts nobody) and
    for a second."""

    def __init__(self) -> None:
        self._found: dict[Hashable, tuple[Known, float]] = {}
        self._missed: dict[Hashable, float] = {}
        self._epoch = 0

    def clear(self) -> None:
        self._epoch += 1
        self._found.clear()
        self._missed.clear()

    def get(self, key: Hashable, fresh: bool, read: Callable[[], Known | None]) -> Known | None:
        """`fresh` reads again what is older than a second."""
        now = clock.monotonic()
        entry = self._found.get(key)
        if entry is not None and (not fresh or now - entry[1] < MISS_S):
            return entry[0]
        if entry is None and now - self._missed.get(key, -MISS_S) < MISS_S:
            return None
        epoch = self._epoch
        found = read()
        if epoch == self._epoch:  # else what was read may be from before the change that cleared the table
            self._keep(key, found, now)
        return found

    def _keep(self, key: Hashable, found: Known | None, now: float) -> None:
        for table in (self._found, self._missed):
            if len(table) >= MAX_ENTRIES:
                table.clear()
        if found is None:
            self._found.pop(key, None)
            self._missed[key] = now
        else:
            self._found[key] = (found, now)


class Lookups:
    """The clients and pixels that one process knows."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._clients: Table[KnownClient] = Table()
        self._pixels: Table[KnownPixel] = Table()

    def clear(self) -> None:
        self._clients.clear()
        self._pixels.clear()

    def client(self, token_hash: str, *, fresh: bool = False) -> KnownClient | None:
        """The client whose token has this SHA-256."""
        return self._clients.get(token_hash, fresh, lambda: self._read(load_client, token_hash))

    def pixel(self, account_id: UUID, platform: str, pixel_id: str, *, fresh: bool = False) -> KnownPixel | None:
        key = (account_id, platform, pixel_id)
        return self._pixels.get(key, fresh, lambda: self._read(load_pixel, *key))

    def _read(self, load: Callable[..., Known | None], *key: Any) -> Known | None:
        with self._engine.connect() as connection:
            return load(connection, *key)


def load_client(connection: Connection, token_hash: str) -> KnownClient | None:
    """The client that takes this token now, in one indexed look-up."""
    previous = (ApiClient.previous_token_hash == token_hash) & ApiClient.previous_until.is_not(None)
    row = connection.execute(
        select(*ApiClient.__table__.columns, Account.country_code, VERSION)
        .join(Account, Account.id == ApiClient.account_id)
        .where(or_(ApiClient.token_hash == token_hash, previous))
        .where(ApiClient.revoked_at.is_(None))
        .limit(1)
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
        version=row.config_version,
    )


def load_pixel(connection: Connection, account_id: UUID, platform: str, pixel_id: str) -> KnownPixel | None:
    row = connection.execute(
        select(Pixel.id, Pixel.settings, Pixel.active, VERSION).where(
            Pixel.account_id == account_id, Pixel.platform == platform, Pixel.pixel_id == pixel_id
        )
    ).one_or_none()
    if row is None:
        return None
    return KnownPixel(row.id, account_id, platform, pixel_id, row.settings or {}, row.active, row.config_version)
