"""More than one machine: what large tables need to be read, sharded and retired."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from app.core.clock import now
from app.core.db import JsonColumn, UtcDateTime
from app.core.partitions import ensure, month_after, month_of

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _partition_the_audit()
    _make_closed_opens()


def downgrade() -> None:
    for table in CLOSED_OPENS:
        op.drop_table(table)
    _join_the_audit()


AUDIT_COLUMNS = (
    "id, account_id, user_id, actor, action, subject_id, subject, changes, ip_address, request_id, created_at"
)


def _audit_columns() -> list[sa.Column]:
    return [
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=True),
        sa.Column("subject", sa.String(length=255), nullable=True),
        sa.Column("changes", JsonColumn, nullable=True),
        sa.Column("ip_address", sa.String(length=45), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
    ]


def _partition_the_audit() -> None:
    """Months on PostgreSQL, and the account in the key on both, as the other logs have it."""
    op.drop_index("ix_audit_entry_account_id", "audit_entry")  # the new key begins as it does
    op.rename_table("audit_entry", "audit_entry_old")
    if _is_postgresql():  # there the names of keys are names of the whole schema
        op.execute("ALTER TABLE audit_entry_old DROP CONSTRAINT pk_audit_entry")
    op.create_table(
        "audit_entry",
        *_audit_columns(),
        sa.PrimaryKeyConstraint("account_id", "created_at", "id", name="pk_audit_entry"),
        postgresql_partition_by="RANGE (created_at)",
    )
    if _is_postgresql():
        _make_months_since(op.get_bind().scalar(sa.text("SELECT min(created_at) FROM audit_entry_old")) or now())
    _move_the_audit("audit_entry_old", "audit_entry")


def _make_months_since(oldest: datetime) -> None:
    ensure(op.get_bind(), "audit_entry", now())
    month = month_of(oldest.astimezone(UTC))
    while month < month_of(now()):
        ensure(op.get_bind(), "audit_entry", month, months_ahead=0)
        month = month_after(month)


def _join_the_audit() -> None:
    op.rename_table("audit_entry", "audit_entry_old")
    if _is_postgresql():
        op.execute("ALTER TABLE audit_entry_old DROP CONSTRAINT pk_audit_entry")
    op.create_table(
        "audit_entry",
        *_audit_columns(),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_audit_entry_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
    )
    _move_the_audit("audit_entry_old", "audit_entry")
    op.create_index("ix_audit_entry_account_id", "audit_entry", ["account_id", "created_at"], unique=False)


def _move_the_audit(source: str, target: str) -> None:
    op.execute(f"INSERT INTO {target} ({AUDIT_COLUMNS}) SELECT {AUDIT_COLUMNS} FROM {source}")  # noqa: S608
    op.drop_table(source)  # with its partitions


def _is_postgresql() -> bool:
    return bool(op.get_bind().dialect.name == "postgresql")


CLOSED_OPENS = ("open_share_month", "open_share_day", "open_day_hours", "opens_closed")


def _make_closed_opens() -> None:
    """The figures of days that are over, in few rows; the nightly job fills them."""
    op.create_table(
        "opens_closed",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_opens_closed"),
    )
    op.create_table(
        "open_day_hours",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("day", UtcDateTime(), nullable=False),
        sa.Column("hours", JsonColumn, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "day", name="pk_open_day_hours"),
        sqlite_with_rowid=False,
    )
    for name, at in (("open_share_day", "day"), ("open_share_month", "month")):
        op.create_table(
            name,
            sa.Column("account_id", sa.Uuid(), nullable=False),
            sa.Column("kind", sa.String(length=8), nullable=False),
            sa.Column(at, UtcDateTime(), nullable=False),
            sa.Column("name", sa.String(length=40), nullable=False),
            sa.Column("class", sa.String(length=12), nullable=False),
            sa.Column("shard", sa.Integer(), nullable=False),
            *(sa.Column(count, sa.Integer(), nullable=False) for count in ("views", "opens", "firsts", "hits")),
            sa.PrimaryKeyConstraint("account_id", "kind", at, "name", "class", "shard", name=f"pk_{name}"),
            sqlite_with_rowid=False,
        )
