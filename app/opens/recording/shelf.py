"""What one commit has to know of the ids it writes: how each stands, and which opens it had just before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql

from app.core.bulk import BulkInsert
from app.core.db import sqlite_driver
from app.core.rollup import hour_of
from app.opens.models import COUNTED, Open, OpenClass, OpenedId
from app.opens.recording.judge import Key, Load
from app.opens.recording.strangers import KnownAgent
from app.opens.rollups import SliceKey

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
MAX_RECENT = 500  # opens of one id that are looked at for a fold


@dataclass(slots=True)
class Standing:
    """The row of one id."""

    views: int = 0
    automatic: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    last_hit_at: datetime = NEVER
    burst_hour: datetime = NEVER
    burst: int = 0
    awaited: bool = False

    def add(self, stored: Stored, *, counts: bool, is_automatic: bool) -> None:
        """One more row of this id. What comes late (from the spool) may be older than what is there."""
        if stored.hour > self.burst_hour:
            self.burst_hour, self.burst = stored.hour, 0
        self.burst += stored.hour == self.burst_hour
        self.automatic += is_automatic
        if counts:
            at = stored.at
            self.views += 1
            self.first_at = at if self.first_at is None else min(self.first_at, at)
            self.last_at = at if self.last_at is None else max(self.last_at, at)


class Stored:
    """One open, written now (`is_new`) or before; `hits` of the latter are those to add."""

    __slots__ = (
        "address", "agent_id", "at", "client", "device", "file", "hits", "hour", "id", "image_id", "is_first",
        "is_new", "is_view", "open_class",
    )  # fmt: skip

    def __init__(self, load: Load, agent: KnownAgent, hour: datetime, is_view: bool, is_first: bool) -> None:
        self.at, self.id, self.file, self.image_id = load.at, load.id, load.hit.file, load.image_id
        self.address, self.agent_id = load.address, agent.id
        self.open_class: str = load.verdict.open_class  # type: ignore[union-attr]  # an open has one
        self.client, self.device = agent.client or "", agent.device or ""
        self.is_view, self.is_first, self.hits, self.is_new = is_view, is_first, 1, True
        self.hour = hour  # the same object for a whole batch

    @classmethod
    def of(cls, row: Sequence[Any]) -> Stored:
        """One that was written before: the columns _STORED."""
        one = cls.__new__(cls)
        one.at, one.id, one.file, one.image_id, one.address, one.agent_id, one.open_class = row[:7]
        one.client, one.device, one.is_view, one.is_first = row[7] or "", row[8] or "", row[9], row[10]
        one.hits, one.is_new, one.hour = 0, False, hour_of(one.at)
        return one

    def is_same(self, load: Load) -> bool:
        """The same load again: a mail program that fetches twice, a reload."""
        return self.file == load.hit.file and self.is_viewing_of(load)

    def is_viewing_of(self, load: Load) -> bool:
        """Of the same viewing, whichever image; a proxy asks from many addresses. Looking is not fetching ahead."""
        if load.verdict.open_class in COUNTED and self.open_class not in COUNTED:  # type: ignore[union-attr]  # an open has one
            return False
        if self.agent_id != load.agent_id or abs(load.at - self.at) > timedelta(seconds=load.account.fold_s):
            return False
        return self.address == load.address or self.open_class == OpenClass.IMAGE_PROXY

    def slice_key(self, account_id: UUID) -> SliceKey:
        return account_id, self.hour, self.image_id, self.open_class, self.client, self.device


class Shelf:
    """The ids of one commit. On PostgreSQL their rows are locked, in order, until it ends."""

    def __init__(self, connection: Connection, loads: Sequence[Load]) -> None:
        self._connection = connection
        keys = sorted({load.key for load in loads})
        self._accounts = {load.account.hex: load.account.id for load in loads}
        self._standings = _standings(connection, keys)
        self._earliest = min(load.at for load in loads)
        self._latest = max(load.at for load in loads)
        self._new: dict[Key, list[Stored]] = {}
        self._old: dict[Key, list[Stored]] = {}
        self._hit: dict[UUID, tuple[Key, Stored]] = {}

    def standing(self, key: Key) -> Standing:
        found = self._standings.get(key)
        if found is None:
            found = self._standings[key] = Standing()
        return found

    def recent(self, key: Key, standing: Standing, load: Load) -> list[Stored]:
        """The opens of this id around the time of a load; none for an account that does not fold."""
        if standing.last_hit_at is NEVER:
            return []
        window = timedelta(seconds=load.account.fold_s)
        if not window or (abs(load.at - standing.last_hit_at) > window and not load.is_late):
            return []
        if key not in self._old:
            self._old[key] = self._read(key, since=self._earliest - window, until=self._latest + window)
        return self._new.get(key, []) + self._old[key]

    def latest(self, key: Key) -> Stored | None:
        """Of an id that is flooded."""
        new = self._new.get(key)
        if new:
            return new[-1]
        if not self._old.get(key):
            self._old[key] = self._read(key)
        return self._old[key][0] if self._old[key] else None

    def put(self, key: Key, stored: Stored) -> None:
        self._new.setdefault(key, []).append(stored)

    def hit(self, key: Key, stored: Stored) -> None:
        stored.hits += 1
        if not stored.is_new:
            self._hit[stored.id] = (key, stored)

    def write(self, converted: dict[int, Any]) -> None:
        """The rows of the ids, and the hits of opens written before. `converted`: see BulkInsert."""
        rows = [
            (
                self._accounts[key[0]], key[1], one.views, one.automatic, one.first_at, one.last_at, one.last_hit_at,
                one.burst_hour, one.burst, one.awaited,
            )
            for key, one in self._standings.items()
        ]  # fmt: skip
        if self._connection.dialect.name == "sqlite":
            _upsert_on_sqlite.many(self._connection, rows, converted=converted)
        else:
            self._connection.execute(_upsert, [_told(row) for row in rows])
        if self._hit:
            hits = [
                {"row_account": UUID(key[0]), "row_at": stored.at, "row_id": stored.id, "more": stored.hits}
                for key, stored in self._hit.values()
            ]
            self._connection.execute(_ADD_HITS, hits)

    def _read(self, key: Key, since: datetime | None = None, until: datetime | None = None) -> list[Stored]:
        """Newest first."""
        found = select(*_STORED).where(Open.account_id == UUID(key[0]), Open.ref == key[1])
        if since is not None:
            found = found.where(Open.created_at.between(since, until))
        found = found.order_by(Open.created_at.desc()).limit(MAX_RECENT if since is not None else 1).with_for_update()
        return [Stored.of(tuple(row)) for row in self._connection.execute(found)]


_STORED = (
    Open.created_at, Open.id, Open.file, Open.image_id, Open.address, Open.agent_id, Open.open_class, Open.client,
    Open.device, Open.is_view, Open.is_first,
)  # fmt: skip
_FIELDS = ("views", "automatic", "first_at", "last_at", "last_hit_at", "burst_hour", "burst", "awaited")
_COLUMNS = [getattr(OpenedId, name) for name in _FIELDS]
_READ_ONE = f"SELECT {', '.join(_FIELDS)} FROM opened_id WHERE account_id = ? AND ref = ?"  # noqa: S608 - own names
_SETS = ", ".join(f"{name} = excluded.{name}" for name in _FIELDS)
_upsert_on_sqlite = BulkInsert(
    OpenedId, ("account_id", "ref", *_FIELDS), f"ON CONFLICT (account_id, ref) DO UPDATE SET {_SETS}"
)
_insert = postgresql.insert(OpenedId)
_upsert = _insert.on_conflict_do_update(
    index_elements=["account_id", "ref"], set_={name: _insert.excluded[name] for name in _FIELDS}
)
_claim = _insert.on_conflict_do_nothing()
_ADD_HITS = (
    update(Open)
    .where(
        Open.account_id == bindparam("row_account"),
        Open.created_at == bindparam("row_at"),
        Open.id == bindparam("row_id"),
    )
    .values(hits=Open.hits + bindparam("more"))
)


def _standings(connection: Connection, keys: Sequence[Key]) -> dict[Key, Standing]:
    driver = sqlite_driver(connection)
    if driver is None:
        return _locked_standings(connection, keys)
    found = {}
    for key in keys:
        row = driver.execute(_READ_ONE, key).fetchone()
        if row is not None:
            views, automatic, first_at, last_at, last_hit_at, burst_hour, burst, awaited = row
            found[key] = Standing(
                views, automatic, _time(first_at), _time(last_at), _time(last_hit_at) or NEVER,
                _time(burst_hour) or NEVER, burst, bool(awaited),
            )  # fmt: skip
    return found


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


def _locked_standings(connection: Connection, keys: Sequence[Key]) -> dict[Key, Standing]:
    """A row that is not there cannot be locked: it is made first, empty."""
    empty = {name: getattr(Standing(), name) for name in _FIELDS}
    connection.execute(_claim, [{"account_id": UUID(key[0]), "ref": key[1]} | empty for key in keys])
    found = {}
    for account, refs in _by_account(keys).items():
        rows = connection.execute(
            select(OpenedId.ref, *_COLUMNS)
            .where(OpenedId.account_id == UUID(account), OpenedId.ref.in_(refs))
            .order_by(OpenedId.ref)
            .with_for_update()
        )
        for ref, *fields in rows:
            found[account, ref] = Standing(*fields)
    return found


def _by_account(keys: Sequence[Key]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for account, ref in keys:
        found.setdefault(account, []).append(ref)
    return found


def _told(row: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(("account_id", "ref", *_FIELDS), row, strict=True))
