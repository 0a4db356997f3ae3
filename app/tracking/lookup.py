"""Clients by token and pixels by id, cached in each process; the writer notices when the configuration moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Engine, select

from app.accounts.clients.lookup import good_scopes, good_until, with_token
from app.accounts.clients.places import Places, places_of
from app.accounts.models import Account, ApiClient
from app.core.lookups import Table
from app.core.models import ConfigVersion
from app.core.ratelimit import ClientLimits
from app.pixels.models import Pixel


@dataclass(frozen=True, slots=True)
class KnownClient:
    """What intake needs of an API client. `version` is the configuration version it was read at."""

    id: UUID
    token_hash: str
    account_id: UUID
    scopes: frozenset[str]
    pixel_ids: frozenset[str] | None
    answer_mode: str
    limits: ClientLimits
    valid_until: datetime | None  # of the token: rotated, for an hour, or of a client that expires
    country_code: str
    version: int
    name: str = ""
    pixel_limits: Mapping[UUID, ClientLimits] | None = None  # besides its own, by our pixel
    places: Places | None = None  # from where it may be used; None: from anywhere


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
    """The client that takes this token now, in one indexed look-up; whether it is still valid says `valid_until`."""
    columns = select(*ApiClient.__table__.columns, Account.country_code, VERSION)
    named = columns.join(Account, Account.id == ApiClient.account_id)
    row = connection.execute(with_token(named, token_hash)).one_or_none()
    if row is None:
        return None
    return KnownClient(
        id=row.id,
        token_hash=token_hash,
        account_id=row.account_id,
        scopes=good_scopes(row.scopes, row.token_scopes),
        pixel_ids=None if row.pixel_ids is None else frozenset(row.pixel_ids),
        answer_mode=row.answer_mode,
        limits=(row.per_minute, row.per_hour, row.per_day),
        valid_until=good_until(row, row.token_until, token_hash),
        country_code=row.country_code,
        version=row.config_version,
        name=row.name,
        pixel_limits=_pixel_limits(row.pixel_limits),
        places=places_of(row.addresses, row.origins),
    )


def _pixel_limits(stored: Mapping[str, Mapping[str, int]] | None) -> Mapping[UUID, ClientLimits] | None:
    if stored is None:
        return None
    return {
        UUID(id_): (limits.get("per_minute"), limits.get("per_hour"), limits.get("per_day"))
        for id_, limits in stored.items()
    }


def load_pixel(connection: Connection, account_id: UUID, platform: str, pixel_id: str) -> KnownPixel | None:
    row = connection.execute(
        select(Pixel.id, Pixel.settings, Pixel.active, VERSION).where(
            Pixel.account_id == account_id, Pixel.platform == platform, Pixel.pixel_id == pixel_id
        )
    ).one_or_none()
    if row is None:
        return None
    return KnownPixel(row.id, account_id, platform, pixel_id, row.settings or {}, row.active, row.config_version)
