"""Webhooks: subscriptions, their secrets, what is told, their figures; the attempts of each; alerts and their rules."""

import sqlalchemy as sa
from alembic import op

from app.core import clock
from app.core.db import JsonColumn, UtcDateTime
from app.core.partitions import drop_all, ensure

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NEW_TABLES = ("alert", "alert_rule", "webhook_hour", "webhook_message", "webhook_secret", "webhook")
LISTED = sa.text("target_id IS NOT NULL")
LISTED_FAILED = sa.text("target_id IS NOT NULL AND outcome <> 'sent'")


def upgrade() -> None:
    _make_webhooks()
    _make_alerts()
    _list_attempts_by_target()
    op.add_column("target", sa.Column("failing_since", UtcDateTime(), nullable=True))
    ensure(op.get_bind(), "webhook_message", clock.now())


def downgrade() -> None:
    op.drop_column("target", "failing_since")
    op.drop_index("ix_attempt_target_failed", "attempt")
    op.drop_index("ix_attempt_target", "attempt")
    op.drop_column("attempt", "target_id")
    drop_all(op.get_bind(), "webhook_message")
    for table in NEW_TABLES:
        op.drop_table(table)


def _list_attempts_by_target() -> None:
    op.add_column("attempt", sa.Column("target_id", sa.Uuid(), nullable=True))
    for name, which in (("ix_attempt_target", LISTED), ("ix_attempt_target_failed", LISTED_FAILED)):
        op.create_index(name, "attempt", ["target_id", "id"], sqlite_where=which, postgresql_where=which)


def _make_webhooks() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("folded", sa.String(length=600), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("events", JsonColumn, nullable=False),
        sa.Column("description", sa.String(length=500), nullable=True),
        sa.Column("sealed_headers", sa.Text(), nullable=True),
        sa.Column("schedule", sa.String(length=16), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("schedule IN ('fast', 'standard')", name=op.f("ck_webhook_schedule")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_webhook_account_id_account")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_webhook_created_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    op.create_index("ix_webhook_account_id", "webhook", ["account_id", "id"], unique=False)
    op.create_table(
        "webhook_secret",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("last4", sa.String(length=4), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_webhook_secret_account_id_account")),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name=op.f("fk_webhook_secret_webhook_id_webhook"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_secret")),
    )
    op.create_index("ix_webhook_secret_webhook_id", "webhook_secret", ["webhook_id", "id"], unique=False)
    op.create_table(
        "webhook_message",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "created_at", "id", name=op.f("pk_webhook_message")),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_table(
        "webhook_hour",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "hour", "webhook_id", "shard", name=op.f("pk_webhook_hour")),
        sqlite_with_rowid=False,
    )


def _make_alerts() -> None:
    op.create_table(
        "alert_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(length=32), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=True),
        sa.Column("by_mail", sa.Boolean(), nullable=False),
        sa.Column("user_ids", JsonColumn, nullable=False),
        sa.Column("by_webhook", sa.Boolean(), nullable=False),
        sa.Column("repeat_hours", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("repeat_hours >= 1", name=op.f("ck_alert_rule_repeat_hours")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_alert_rule_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_rule")),
        sa.UniqueConstraint("account_id", "topic", name=op.f("uq_alert_rule_account_id_topic")),
    )
    op.create_table(
        "alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("facts", JsonColumn, nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("user_ids", JsonColumn, nullable=False),
        sa.Column("by_webhook", sa.Boolean(), nullable=False),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("severity IN ('danger', 'warning')", name=op.f("ck_alert_severity")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_alert_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index("ix_alert_account_id", "alert", ["account_id", "raised_at"], unique=False)
    op.create_index(
        "uq_alert_open",
        "alert",
        ["account_id", "kind", "subject"],
        unique=True,
        sqlite_where=sa.text("resolved_at IS NULL"),
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
