"""The desk: rollups, tallies and indexes of events and deliveries; long jobs; findings; a person's time zone.

What was recorded before is counted once here; from then on every transaction keeps the figures itself."""

import sqlalchemy as sa
from alembic import op

from app.core.db import JsonColumn, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BOUNDS_S = (0.05, 0.1, 0.2, 0.35, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200, 86_400)
DELAYS = tuple(f"delay_{number}" for number in range(len(BOUNDS_S) + 1))
OPEN = "status IN ('pending', 'leased')"
INDEXES = (  # name, table, columns, partial
    ("ix_delivery_open", "delivery", ["account_id", "id"], OPEN),
    ("ix_delivery_target", "delivery", ["target_id", "id"], None),
    ("ix_delivery_dead_id", "delivery", ["account_id", "id"], "status = 'dead'"),
    ("ix_delivery_dead_target", "delivery", ["target_id", "id"], "status = 'dead'"),
    ("ix_delivery_cancelled", "delivery", ["account_id", "id"], "status = 'cancelled'"),
    ("ix_tracked_event_click_id", "tracked_event", ["account_id", "click_id"], "click_id IS NOT NULL"),
    ("ix_tracked_event_target", "tracked_event", ["target_id", "created_at"], None),
    ("ix_tracked_event_client", "tracked_event", ["client_id", "created_at"], None),
    ("ix_tracked_event_name", "tracked_event", ["account_id", "event_name", "created_at"], None),
    ("ix_tracked_event_event_id", "tracked_event", ["account_id", "event_id"], None),
)


def _columns() -> dict[str, list[sa.Column]]:
    """Made anew for each use: a column belongs to one table object."""
    return {
        "users": [sa.Column("timezone", sa.String(length=64), nullable=True)],
        "heartbeat": [
            sa.Column("host", sa.String(length=64), nullable=True),
            sa.Column("disk_free", sa.BigInteger(), nullable=True),
            sa.Column("disk_total", sa.BigInteger(), nullable=True),
            sa.Column("clock_skew_ms", sa.BigInteger(), nullable=True),
        ],
        "target": [sa.Column("last_error_at", UtcDateTime(), nullable=True)],
        "delivery": [
            sa.Column("error", sa.String(length=16), nullable=True),
            sa.Column("replayed_at", UtcDateTime(), nullable=True),
        ],
        "tracked_event": [
            sa.Column("repeats", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("repeated_at", UtcDateTime(), nullable=True),
            sa.Column("edited_at", UtcDateTime(), nullable=True),
        ],
    }


def upgrade() -> None:
    for table, columns in _columns().items():
        for column in columns:
            op.add_column(table, column)
    op.create_table(
        "delivery_hour",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("accepted", "done", "dead", "cancelled", *DELAYS)),
        sa.PrimaryKeyConstraint("account_id", "hour", "target_id", "shard", name="pk_delivery_hour"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "delivery_tally",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("error", sa.String(length=16), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'dead')", name="ck_delivery_tally_state"),
        sa.PrimaryKeyConstraint("account_id", "target_id", "state", "error", "shard", name="pk_delivery_tally"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "match_hour",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("events", *MATCHES)),
        sa.PrimaryKeyConstraint("account_id", "hour", "target_id", "shard", name="pk_match_hour"),
        sqlite_with_rowid=False,
    )
    _create_jobs()
    _create_findings()
    _complete_old_rows()
    for name, table, columns, partial in INDEXES:
        where = {"sqlite_where": sa.text(partial), "postgresql_where": sa.text(partial)} if partial else {}
        op.create_index(name, table, columns, unique=False, **where)
    _count_old_rows()


def _create_jobs() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("params", JsonColumn, nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("cursor", JsonColumn, nullable=True),
        sa.Column("result", JsonColumn, nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("cancel_asked", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.String(length=36), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("filename", sa.String(length=120), nullable=True),
        sa.Column("content_type", sa.String(length=120), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="ck_job_state"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_job_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
    )
    op.create_index("ix_job_account_id", "job", ["account_id", "created_at"], unique=False)
    is_open = sa.text("state IN ('queued', 'running')")
    op.create_index("ix_job_open", "job", ["created_at"], unique=False, sqlite_where=is_open, postgresql_where=is_open)
    op.create_table(
        "job_part",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_job_part_job_id_job", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_job_part"),
    )


def _create_findings() -> None:
    op.create_table(
        "finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("facts", JsonColumn, nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("severity IN ('danger', 'warning')", name="ck_finding_severity"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_finding_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_finding"),
    )
    op.create_index("ix_finding_account_id", "finding", ["account_id", "raised_at"], unique=False)
    is_open = sa.text("resolved_at IS NULL")
    op.create_index(
        "uq_finding_open",
        "finding",
        ["account_id", "kind", "subject"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


MATCHES = {  # column -> what of an event's identity it counts
    "em": "em",
    "ph": "ph",
    "fbc": "fbc",
    "fbp": "fbp",
    "address": "client_ip_address",
    "agent": "client_user_agent",
}


def _complete_old_rows() -> None:
    """The class of an error is told from what was written then; Meta's click id moves where it can be searched."""
    _run(
        "UPDATE delivery SET error = CASE"
        " WHEN detail = 'Consent denied' THEN 'consent'"
        " WHEN outcome = 'auth' THEN 'credentials'"
        " WHEN outcome = 'throttled' THEN 'throttled'"
        " WHEN outcome = 'gone' OR outcome IS NULL THEN 'gone'"
        " WHEN substr(detail, 1, 7) = 'Too old' THEN 'expired'"
        " WHEN substr(detail, 1, 12) = 'Could not be' THEN 'unbuilt'"
        " WHEN outcome = 'rejected' THEN 'refused'"
        " WHEN http_status IS NOT NULL THEN 'server'"
        " WHEN substr(detail, 1, 7) = 'Timeout' THEN 'timeout'"
        " ELSE 'connection' END"
        " WHERE status IN ('dead', 'cancelled') OR (status <> 'done' AND outcome IS NOT NULL)"
    )
    fbclid = "json_extract(fields, '$.fbclid')" if _is_sqlite() else "left(fields->>'fbclid', 512)"
    _run(f"UPDATE tracked_event SET click_id = {fbclid} WHERE click_id IS NULL AND {fbclid} IS NOT NULL")  # noqa: S608


def _count_old_rows() -> None:
    sqlite = _is_sqlite()
    delay = f"({_seconds('done_at')} - {_seconds('ref_at')})" if sqlite else "EXTRACT(EPOCH FROM done_at - ref_at)"
    lows = (None, *BOUNDS_S)
    counts = []
    for number in range(len(DELAYS)):
        within = ["status = 'done'"]
        if lows[number] is not None:
            within.append(f"{delay} > {lows[number]}")
        if number < len(BOUNDS_S):
            within.append(f"{delay} <= {BOUNDS_S[number]}")
        counts.append(_count(" AND ".join(within)))
    states = ", ".join(_count(f"status = '{state}'") for state in ("done", "dead", "cancelled"))
    _run(
        "INSERT INTO delivery_hour (account_id, hour, target_id, shard, accepted, done, dead, cancelled,"  # noqa: S608
        f" {', '.join(DELAYS)})"
        f" SELECT account_id, {_hour('ref_at')}, target_id, 0, count(*), {states}, {', '.join(counts)}"
        f" FROM delivery GROUP BY account_id, {_hour('ref_at')}, target_id"
    )
    _run(
        "INSERT INTO delivery_tally (account_id, target_id, state, error, shard, number)"  # noqa: S608
        f" SELECT account_id, target_id, 'open', '', 0, count(*) FROM delivery WHERE {OPEN}"
        " GROUP BY account_id, target_id"
    )
    _run(
        "INSERT INTO delivery_tally (account_id, target_id, state, error, shard, number)"
        " SELECT account_id, target_id, 'dead', error, 0, count(*) FROM delivery WHERE status = 'dead'"
        " GROUP BY account_id, target_id, error"
    )
    present = "json_extract(identity, '$.{}') IS NOT NULL" if sqlite else "identity->>'{}' IS NOT NULL"
    matches = ", ".join(_count(present.format(name)) for name in MATCHES.values())
    _run(
        f"INSERT INTO match_hour (account_id, hour, target_id, shard, events, {', '.join(MATCHES)})"  # noqa: S608
        f" SELECT account_id, {_hour('created_at')}, target_id, 0, count(*), {matches} FROM tracked_event"
        f" WHERE platform = 'facebook' AND CAST(identity AS text) <> '{{}}'"
        f" GROUP BY account_id, {_hour('created_at')}, target_id"
    )


def _run(sql: str) -> None:
    op.get_bind().exec_driver_sql(sql)  # as it stands: the colons of a time are no parameters


def _count(condition: str) -> str:
    return f"SUM(CASE WHEN {condition} THEN 1 ELSE 0 END)"


def _hour(column: str) -> str:
    return f"substr({column}, 1, 13) || ':00:00.000000'" if _is_sqlite() else f"date_trunc('hour', {column})"


def _seconds(column: str) -> str:
    """To the microsecond: julianday() knows milliseconds only."""
    return f"(CAST(strftime('%s', {column}) AS INTEGER) + CAST(substr({column}, 21, 6) AS REAL) / 1000000)"


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def downgrade() -> None:
    for name, table, _names, _partial in reversed(INDEXES):
        op.drop_index(name, table)
    for table in ("finding", "job_part", "job", "match_hour", "delivery_tally", "delivery_hour"):
        op.drop_table(table)
    for table, columns in _columns().items():
        for column in columns:
            op.drop_column(table, column.name)
