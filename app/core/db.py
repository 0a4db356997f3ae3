"""The database: engine, column types, and the only ways to write (`write` for a session, `begin_write` for Core)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, cast
from uuid import UUID
from weakref import WeakKeyDictionary

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    Numeric,
    RootTransaction,
    String,
    TypeDecorator,
    event,
    make_url,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session

from app.core import clock
from app.core.folding import fold
from app.core.settings import Settings
from app.core.write_lock import LockTaken, WriteLock

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


STEPS_BETWEEN_LOOKS = 10_000  # of SQLite's machine: some 0.2 ms
QUERY_CANCELED = "57014"  # PostgreSQL's word for a statement_timeout
SQLITE_PRAGMAS = ("busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-16000")


# A host that loses its power or its network says no goodbye. By default the one end waits 15 minutes for an answer to
# what it sent, and the other keeps the locks of the transaction for two hours (libpq and TCP's defaults).
KEPT_ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 15_000}
SESSION = (
    "-c timezone=UTC -c idle_in_transaction_session_timeout=60s -c tcp_keepalives_idle=10 "
    "-c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c tcp_user_timeout=15s"
)


# A write transaction holds rows and keys that others wait for: a client that sends its event again to another web host
# waits for the first one's. One whose host was cut off in its midst is therefore ended soon.
END_IF_CUT_OFF = "SET LOCAL idle_in_transaction_session_timeout = '5s'"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time on both databases; SQLite keeps it as text without a zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time must be aware")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Money(TypeDecorator[Decimal]):
    """An exact decimal; SQLite has none, so it keeps the digits as text."""

    impl = Numeric(20, 6)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(String(32) if dialect.name == "sqlite" else Numeric(20, 6))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        return str(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Cents(TypeDecorator[Decimal]):
    """Money in an integer of hundredths: both databases add it up exactly. Raises ValueError for parts of a cent."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        cents = Decimal(value).scaleb(2)
        if cents != cents.to_integral_value():
            raise ValueError("an amount of money has at most two decimals")
        return int(cents)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-2)


JsonColumn = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Base(DeclarativeBase):
    """Every table. Ids are UUIDv7 made by `core.ids`; times aware UTC; names by convention, so that both databases
    know a constraint by the same name."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        dict[str, Any]: JsonColumn,
        list[str]: JsonColumn,
        Decimal: Money,
    }


_lock = WriteLock()
db = SQLAlchemy(metadata=Base.metadata)  # sessions and engine; models derive from Base itself, which mypy can follow


def to_json(value: Any) -> str:
    """Compact JSON for columns: decimals keep their digits as strings, ids and times are text."""
    return _encoder.encode(value)


def _jsonable(value: Any) -> str:
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


_encoder = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=_jsonable)


def engine_options(settings: Settings) -> dict[str, Any]:
    options: dict[str, Any] = {
        "pool_size": 16,
        "max_overflow": settings.web_threads,
        "pool_timeout": 5,
        "json_serializer": to_json,
        "hide_parameters": True,  # personal data and tokens stay out of error texts
    }
    if not settings.is_sqlite:
        options |= {"pool_pre_ping": True, "connect_args": {"connect_timeout": 5, **KEPT_ALIVE, "options": SESSION}}
        if make_url(settings.database_url).query.get("prepare_threshold") == "none":  # the driver wants no text
            options["connect_args"]["prepare_threshold"] = None
    return options


def init_app(app: Flask, settings: Settings) -> Engine:
    """Binds the database to an app and returns its engine (one per process and app)."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(settings)
    db.init_app(app)
    with app.app_context():
        engine = db.engine
    if settings.is_sqlite:
        prepare_sqlite(engine)
    return engine


def prepare_sqlite(engine: Engine) -> None:
    """WAL and FULL: a commit that was answered survives a power cut. Transactions are begun by us, not by pysqlite."""

    @event.listens_for(engine, "connect")
    def connected(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None
        for pragma in SQLITE_PRAGMAS:
            dbapi_connection.execute(f"PRAGMA {pragma}")
        dbapi_connection.create_function("fold", 1, _folded, deterministic=True)

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("immediate", False)
        statement = "BEGIN IMMEDIATE" if immediate else "BEGIN"
        driver = sqlite_driver(connection)
        assert driver is not None
        try:
            driver.execute(statement)
        except sqlite3.OperationalError as error:
            raise OperationalError(statement, None, error) from error


def _folded(value: Any) -> Any:
    """SQL's `fold(text)`: without accents and case; what is no text stays as it is."""
    return fold(value) if isinstance(value, str) else value


@event.listens_for(db.session, "before_flush")
def _refuse_stray_flush(session: Session, _context: Any, _instances: Any) -> None:
    """A read that turns into a write fails at once on SQLite whatever the timeout; better here, by name."""
    if not session.info.get("writing") and (session.new or session.dirty or session.deleted):
        raise RuntimeError("a write outside of `with write():`")


Last = Callable[[Connection, list[Any]], None]
_savepoints: WeakKeyDictionary[Connection, int] = WeakKeyDictionary()  # how many each one has set


def before_commit(connection: Connection, action: Last, items: Iterable[Any]) -> None:
    """Has `action(connection, items)` called once, with all that this write transaction gave it, as the last thing
    before the commit. For rows that many transactions write: whoever holds them waits for nothing else, and takes them
    in one order. What was given within a savepoint that is rolled back is left out."""
    collected = connection.info.get("before_commit")
    if collected is None:
        raise RuntimeError("before_commit outside of a write transaction")
    number = _savepoints.get(connection, 0)
    collected += [(number, action, item) for item in items]


@event.listens_for(Engine, "savepoint")
def _set(connection: Connection, _name: str | None) -> None:
    _savepoints[connection] = _savepoints.get(connection, 0) + 1


@event.listens_for(Engine, "rollback_savepoint")
def _rolled_back(connection: Connection, name: str, _context: None) -> None:
    """SQLAlchemy numbers the savepoints of a connection: what came since this one was set goes, whatever is in it."""
    number = int(name.rpartition("_")[2])
    collected = connection.info.get("before_commit")
    if collected:
        collected[:] = [each for each in collected if each[0] < number]


def after_commit(connection: Connection, name: str, action: Callable[[], None]) -> None:
    """Notes what follows the commit of this write transaction (a bell, an invalidation), once per name."""
    connection.info.setdefault("after_commit", {})[name] = action


def _start(connection: Connection) -> None:
    _end_if_cut_off(connection)
    connection.info["before_commit"] = []


def _complete(connection: Connection) -> None:
    """Does what waited for the end of the transaction."""
    given: dict[Last, list[Any]] = {}
    for _, action, item in connection.info.pop("before_commit"):
        given.setdefault(action, []).append(item)
    for action in sorted(given, key=lambda action: (action.__module__, action.__qualname__)):
        action(connection, given[action])


def _finish(connection: Connection, committed: bool) -> list[Callable[[], None]]:
    connection.info.pop("before_commit", None)
    actions = connection.info.pop("after_commit", {})
    return list(actions.values()) if committed else []


def by_account(keys: Iterable[tuple[UUID, UUID]]) -> dict[UUID, list[UUID]]:
    """(account, id) pairs as account -> ids. Rows are asked for account by account, since SQLite scans a whole table
    for a list of row values where it would seek for `account_id = ? AND id IN (…)`."""
    found: dict[UUID, list[UUID]] = {}
    for account_id, id_ in keys:
        found.setdefault(account_id, []).append(id_)
    return found


@contextmanager
def begin_write(engine: Engine) -> Iterator[Connection]:
    """A Core write transaction: commits at the end, rolls back on an exception, then runs what waited for the commit.

    Keep it under 20 ms: on SQLite every other writer waits behind it."""
    with connect_to_write(engine) as connection, transaction(connection):
        yield connection


def connect_to_write(engine: Engine) -> Connection:
    """A connection whose transactions write from their beginning; for one who writes all the time and keeps it."""
    return engine.connect().execution_options(immediate=True)


def refuse_to_wait(connection: Connection) -> None:
    """On SQLite this connection no longer waits for other writers, as `transaction(…, waits=False)` needs it. It is to
    end with `invalidate`, or somebody else would get it so from the pool."""
    driver = sqlite_driver(connection)
    if driver is not None:
        driver.execute("PRAGMA busy_timeout=0")


@contextmanager
def transaction(connection: Connection, *, waits: bool = True) -> Iterator[None]:
    """One write transaction on a connection of `connect_to_write`; see `begin_write`. Raises LockTaken when it does not
    wait (on SQLite; see `refuse_to_wait`) and another writer is at it."""
    with _lock.held(connection.engine, waits=waits):
        try:
            with _begun(connection, waits):
                _start(connection)
                yield
                _complete(connection)
        except BaseException:
            _finish(connection, committed=False)
            raise
        actions = _finish(connection, committed=True)
    for action in actions:
        action()


def _begun(connection: Connection, waits: bool) -> RootTransaction:
    try:
        return connection.begin()
    except OperationalError as error:
        if not waits and getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            raise LockTaken from None  # a stranger, who knows nothing of our lock
        raise


def _end_if_cut_off(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(END_IF_CUT_OFF)


def sqlite_driver(connection: Connection) -> sqlite3.Connection | None:
    """The driver's own connection under a SQLite one, inside the same transaction: a statement through SQLAlchemy costs
    60 µs more. None on PostgreSQL."""
    if connection.dialect.name != "sqlite":
        return None
    return cast(sqlite3.Connection, connection.connection.driver_connection)


def fold_in_the_log(engine: Engine) -> None:
    """Takes SQLite's write-ahead log into the file, back to nothing; as far as others' reads allow. Until then the file
    itself still has what was deleted."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            driver = sqlite_driver(connection)
            assert driver is not None  # it is SQLite
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class TooSlow(Exception):
    """A read was cut off by `time_limited`."""


@contextmanager
def time_limited(session: Session, seconds: float) -> Iterator[None]:
    """Cuts off what is read inside when it takes longer than `seconds` (on PostgreSQL: a statement of it). Raises
    TooSlow; the session then reads in a new transaction."""
    connection = session.connection()
    driver = sqlite_driver(connection)
    try:
        if driver is None:
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
        else:
            ends_at = clock.monotonic() + seconds
            driver.set_progress_handler(lambda: clock.monotonic() > ends_at, STEPS_BETWEEN_LOOKS)
        yield
        if driver is None:
            connection.exec_driver_sql("SET LOCAL statement_timeout TO DEFAULT")
    except OperationalError as error:
        if not _is_cut_off(error):
            raise
        session.rollback()
        raise TooSlow from None
    finally:
        if driver is not None:
            driver.set_progress_handler(None, 0)


def _is_cut_off(error: OperationalError) -> bool:
    origin = error.orig
    if isinstance(origin, sqlite3.Error):
        return getattr(origin, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT
    return getattr(origin, "sqlstate", None) == QUERY_CANCELED


@contextmanager
def write() -> Iterator[Session]:
    """The write transaction of a view or job. It ends the request's read transaction first: rows are read again inside,
    and objects loaded before are refreshed on access. No network, hashing or rendering inside."""
    session = db.session()
    if session.info.get("writing"):
        raise RuntimeError("write() inside write()")
    session.rollback()
    engine = db.engine
    with _lock.held(engine):
        connection = session.connection(execution_options={"immediate": True})
        session.info["writing"] = True
        try:
            _start(connection)
            yield session
            session.flush()
            _complete(connection)
            actions = _finish(connection, committed=True)
            session.commit()
        except BaseException:
            _finish(connection, committed=False)
            session.rollback()
            raise
        finally:
            session.info.pop("writing", None)
    for action in actions:
        action()
