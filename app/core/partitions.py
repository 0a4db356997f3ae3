"""Month partitions of the large tables on PostgreSQL: what there is, made ahead, dropped by age. SQLite has none."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from sqlalchemy import Connection, text

PARTITIONED = ("tracked_event", "attempt", "email_open", "audit_entry", "webhook_message")
MONTHS_AHEAD = 2
MOVED_AT_MOST = 100_000  # rows of one month that may move out of DEFAULT while its writers wait: some 2 s

log = logging.getLogger(__name__)


def ensure(
    connection: Connection,
    table: str,
    now: datetime,
    months_ahead: int = MONTHS_AHEAD,
    moved_at_most: int = MOVED_AT_MOST,
) -> list[str]:
    """Creates what is missing of the partitions of this month and the next ones, and the DEFAULT one that catches what
    fits in none; names those made. Rows that DEFAULT caught move into the new one, unless they are too many: then the
    month stays where it is, which costs speed alone."""
    if connection.dialect.name != "postgresql" or not missing(connection, table, now, months_ahead):
        return []
    # Two that make the same table at once would meet in the catalogue; the second one finds nothing missing.
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"partitions of {table}"})
    connection.execute(text(f"CREATE TABLE IF NOT EXISTS {_default(table)} PARTITION OF {table} DEFAULT"))
    starts = missing(connection, table, now, months_ahead)
    return [_name(table, start) for start in starts if _add(connection, table, start, moved_at_most)]


def missing(connection: Connection, table: str, now: datetime, months_ahead: int = MONTHS_AHEAD) -> list[datetime]:
    """The months from `now` on that have no partition yet; a read of the catalogue."""
    if connection.dialect.name != "postgresql":
        return []
    there = names(connection, table)
    start, wanted = month_of(now), []
    for _ in range(months_ahead + 1):
        wanted.append(start)
        start = month_after(start)
    return [start for start in wanted if _name(table, start) not in there]


def names(connection: Connection, table: str) -> list[str]:
    """The partitions of a table, oldest first, without the DEFAULT one."""
    if connection.dialect.name != "postgresql":
        return []
    rows = connection.execute(
        text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST(:table AS regclass) ORDER BY 1"),
        {"table": table},
    )
    return [name for (name,) in rows if not name.endswith("_default")]


def drop_all(connection: Connection, table: str) -> None:
    for name in [*names(connection, table), _default(table)]:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"DROP TABLE IF EXISTS {name}"))


def ended_before(connection: Connection, table: str, cutoff: datetime) -> list[str]:
    """The partitions that end at or before `cutoff`, oldest first: what retention drops."""
    return [name for name in names(connection, table) if month_after(_start_of(name)) <= cutoff]


def drop_before(connection: Connection, table: str, cutoff: datetime) -> list[str]:
    """Retention by DROP: removes the partitions that end at or before `cutoff`, and names them."""
    dropped = ended_before(connection, table, cutoff)
    for name in dropped:
        connection.execute(text(f"DROP TABLE {name}"))
    return dropped


def delete_strays(connection: Connection, table: str, cutoff: datetime, limit: int) -> int:
    """At most `limit` rows older than `cutoff` that only DEFAULT caught; how many they were."""
    old = f"SELECT ctid FROM {_default(table)} WHERE created_at < :cutoff LIMIT :limit"  # noqa: S608 - our own names
    delete = f"DELETE FROM {_default(table)} WHERE ctid = ANY (ARRAY({old}))"  # noqa: S608
    return connection.execute(text(delete), {"cutoff": cutoff, "limit": limit}).rowcount


def month_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_after(start: datetime) -> datetime:
    return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


def _add(connection: Connection, table: str, start: datetime, moved_at_most: int) -> bool:
    """One partition, filled before it is attached: unlike CREATE … PARTITION OF, that locks the table against no reader
    or writer, only DEFAULT. PostgreSQL refuses the month while DEFAULT holds a row of it."""
    name, default, bounds = _name(table, start), _default(table), {"start": start, "end": month_after(start)}
    ours = f"FROM {default} WHERE created_at >= :start AND created_at < :end"
    seen = text(f"SELECT count(*) FROM (SELECT 1 {ours} LIMIT {moved_at_most + 1}) AS caught")  # noqa: S608
    caught = connection.scalar(seen, bounds) or 0
    if caught > moved_at_most:
        log.warning("%s holds too many rows of %s for a partition of their own; they stay", default, f"{start:%Y-%m}")
        return False
    connection.execute(text(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"))
    if caught:
        connection.execute(text(f"LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE"))
        move = f"WITH moved AS (DELETE {ours} RETURNING *) INSERT INTO {name} SELECT * FROM moved"  # noqa: S608
        connection.execute(text(move), bounds)
    span = f"FROM ('{start.isoformat()}') TO ('{month_after(start).isoformat()}')"
    connection.execute(text(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES {span}"))
    return True


def _name(table: str, start: datetime) -> str:
    return f"{table}_p{start:%Y%m}"


def _default(table: str) -> str:
    return f"{table}_default"


def _start_of(name: str) -> datetime:
    return datetime.strptime(name.rsplit("_p", 1)[1], "%Y%m").replace(tzinfo=UTC)
