"""Month partitions of the large tables on PostgreSQL: made ahead, dropped by age. SQLite has none."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, text

PARTITIONED = ("tracked_event", "attempt", "email_open")


def ensure(connection: Connection, table: str, now: datetime, months_ahead: int = 2) -> None:
    """Creates the partitions of this month and the next ones, and the DEFAULT one that catches what fits in none."""
    if connection.dialect.name != "postgresql":
        return
    connection.execute(text(f"CREATE TABLE IF NOT EXISTS {table}_default PARTITION OF {table} DEFAULT"))
    start = month_of(now)
    for _ in range(months_ahead + 1):
        end = month_after(start)
        connection.execute(
            text(
                f"CREATE TABLE IF NOT EXISTS {table}_p{start:%Y%m} PARTITION OF {table} "
                f"FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')"
            )
        )
        start = end


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
    for name in [*names(connection, table), f"{table}_default"]:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"DROP TABLE IF EXISTS {name}"))


def drop_before(connection: Connection, table: str, cutoff: datetime) -> list[str]:
    """Retention by DROP: removes the partitions that end at or before `cutoff`, and names them."""
    dropped = []
    for name in names(connection, table):
        start = datetime.strptime(name.rsplit("_p", 1)[1], "%Y%m").replace(tzinfo=UTC)
        if month_after(start) <= cutoff:
            connection.execute(text(f"DROP TABLE {name}"))
            dropped.append(name)
    return dropped


def month_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_after(start: datetime) -> datetime:
    return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
