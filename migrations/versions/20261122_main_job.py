"""The main job: accounts, people, API clients, pixels, events, deliveries. Creates the first account."""

import sqlalchemy as sa
from alembic import op

from app.core.clock import now
from app.core.db import JsonColumn, Money, UtcDateTime
from app.core.ids import uuid7
from app.core.partitions import drop_all, ensure

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("country_code", sa.String(length=3), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
    )
    op.create_table(
        "attempt",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("response", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "created_at", "id", name="pk_attempt"),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index("ix_attempt_delivery", "attempt", ["account_id", "delivery_id"], unique=False)
    op.create_table(
        "config_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_config_version_one_row"),
        sa.PrimaryKeyConstraint("id", name="pk_config_version"),
    )
    op.create_table(
        "cron_run",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", "due_at", name="pk_cron_run"),
    )
    op.create_table(
        "delivery",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("ref_id", sa.Uuid(), nullable=False),
        sa.Column("ref_at", UtcDateTime(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("lease_token", sa.String(length=36), nullable=True),
        sa.Column("waiter", sa.String(length=64), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("response", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("status IN ('pending', 'leased', 'done', 'dead', 'cancelled')", name="ck_delivery_status"),
        sa.CheckConstraint("attempts >= 0", name="ck_delivery_attempts"),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_delivery"),
        sa.UniqueConstraint(
            "account_id",
            "ref_id",
            "target_id",
            "generation",
            name="uq_delivery_account_id_ref_id_target_id_generation",
        ),
    )
    op.create_index(
        "ix_delivery_dead",
        "delivery",
        ["account_id", "done_at"],
        unique=False,
        sqlite_where=sa.text("status = 'dead'"),
        postgresql_where=sa.text("status = 'dead'"),
    )
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["target_id", "next_at"],
        unique=False,
        sqlite_where=sa.text("status IN ('pending', 'leased')"),
        postgresql_where=sa.text("status IN ('pending', 'leased')"),
    )
    op.create_table(
        "event_key",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "client_id", "key_hash", name="pk_event_key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "heartbeat",
        sa.Column("process", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("process", name="pk_heartbeat"),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=128), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
    op.create_table(
        "tracked_event",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("platform", sa.String(length=24), nullable=False),
        sa.Column("pixel_id", sa.String(length=255), nullable=False),
        sa.Column("event_name", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=128), nullable=False),
        sa.Column("event_time", UtcDateTime(), nullable=False),
        sa.Column("click_id", sa.String(length=512), nullable=True),
        sa.Column("value", Money(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("em_hash", sa.String(length=64), nullable=True),
        sa.Column("ph_hash", sa.String(length=64), nullable=True),
        sa.Column("identity", JsonColumn, nullable=False),
        sa.Column("fields", JsonColumn, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "created_at", "id", name="pk_tracked_event"),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index(
        "ix_tracked_event_em_hash",
        "tracked_event",
        ["account_id", "em_hash"],
        unique=False,
        sqlite_where=sa.text("em_hash IS NOT NULL"),
        postgresql_where=sa.text("em_hash IS NOT NULL"),
    )
    op.create_index(
        "ix_tracked_event_ph_hash",
        "tracked_event",
        ["account_id", "ph_hash"],
        unique=False,
        sqlite_where=sa.text("ph_hash IS NOT NULL"),
        postgresql_where=sa.text("ph_hash IS NOT NULL"),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=True),
        sa.Column("subject", sa.String(length=255), nullable=True),
        sa.Column("changes", JsonColumn, nullable=True),
        sa.Column("ip_address", sa.String(length=45), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_audit_entry_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
    )
    op.create_index("ix_audit_entry_account_id", "audit_entry", ["account_id", "created_at"], unique=False)
    op.create_table(
        "setup_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_setup_link_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_setup_link"),
        sa.UniqueConstraint("token_hash", name="uq_setup_link_token_hash"),
    )
    op.create_table(
        "target",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("label", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("reason_code", sa.String(length=16), nullable=True),
        sa.Column("not_before", UtcDateTime(), nullable=True),
        sa.Column("breaker", sa.String(length=16), nullable=False),
        sa.Column("breaker_until", UtcDateTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("trips", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=500), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("breaker IN ('closed', 'open', 'half_open')", name="ck_target_breaker"),
        sa.CheckConstraint("state IN ('active', 'paused', 'deleted')", name="ck_target_state"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_target_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_target"),
    )
    op.create_index("ix_target_account_id", "target", ["account_id"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.String(length=256), nullable=True),
        sa.Column("locale", sa.String(length=8), nullable=True),
        sa.Column("theme", sa.String(length=8), nullable=True),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.Column("last_seen_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("role IN ('admin', 'manager', 'operator', 'viewer')", name="ck_users_role"),
        sa.CheckConstraint("email = lower(email)", name="ck_users_email_lower"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_users_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )
    op.create_index("ix_users_account_id", "users", ["account_id"], unique=False)
    op.create_table(
        "api_client",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("token_last4", sa.String(length=4), nullable=False),
        sa.Column("previous_token_hash", sa.String(length=64), nullable=True),
        sa.Column("previous_last4", sa.String(length=4), nullable=True),
        sa.Column("previous_until", UtcDateTime(), nullable=True),
        sa.Column("scopes", JsonColumn, nullable=False),
        sa.Column("pixel_ids", JsonColumn, nullable=True),
        sa.Column("answer_mode", sa.String(length=16), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=True),
        sa.Column("per_hour", sa.Integer(), nullable=True),
        sa.Column("per_day", sa.Integer(), nullable=True),
        sa.Column("from_settings", sa.Boolean(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("last_address", sa.String(length=45), nullable=True),
        sa.Column("first_event_at", UtcDateTime(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("answer_mode IN ('wait', 'acknowledge')", name="ck_api_client_answer_mode"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_api_client_account_id_account"),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name="fk_api_client_created_by_users", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_api_client"),
        sa.UniqueConstraint("token_hash", name="uq_api_client_token_hash"),
    )
    op.create_index("ix_api_client_account_id", "api_client", ["account_id"], unique=False)
    op.create_index("ix_api_client_previous_token_hash", "api_client", ["previous_token_hash"], unique=False)
    op.create_table(
        "pixel",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("platform", sa.String(length=24), nullable=False),
        sa.Column("pixel_id", sa.String(length=255), nullable=False),
        sa.Column("sealed_token", sa.Text(), nullable=False),
        sa.Column("token_last4", sa.String(length=4), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=True),
        sa.Column("folded", sa.String(length=600), nullable=False),
        sa.Column("settings", JsonColumn, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_pixel_account_id_account"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_pixel_created_by_users", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_pixel"),
        sa.UniqueConstraint("account_id", "platform", "pixel_id", name="uq_pixel_account_id_platform_pixel_id"),
    )
    op.create_table(
        "user_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ip_address", sa.String(length=45), nullable=True),
        sa.Column("user_agent", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_user_session_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_user_session"),
        sa.UniqueConstraint("token_hash", name="uq_user_session_token_hash"),
    )
    op.create_index("ix_user_session_user_id", "user_session", ["user_id"], unique=False)

    connection = op.get_bind()
    for table in ("tracked_event", "attempt"):
        ensure(connection, table, now())
    op.bulk_insert(
        sa.table("config_version", sa.column("id"), sa.column("version")),
        [{"id": 1, "version": 1}],
    )
    op.bulk_insert(
        sa.table(
            "account",
            sa.column("id", sa.Uuid()),
            sa.column("name"),
            sa.column("timezone"),
            sa.column("country_code"),
            sa.column("created_at", UtcDateTime()),
        ),
        [
            {
                "id": uuid7(),
                "name": "Kalitrack",
                "timezone": "America/Sao_Paulo",
                "country_code": "55",
                "created_at": now(),
            }
        ],
    )


def downgrade() -> None:
    connection = op.get_bind()
    for table in ("tracked_event", "attempt"):
        drop_all(connection, table)
    op.drop_table("user_session")
    op.drop_table("pixel")
    op.drop_table("api_client")
    op.drop_table("users")
    op.drop_table("target")
    op.drop_table("setup_link")
    op.drop_table("audit_entry")
    op.drop_table("tracked_event")
    op.drop_table("lease")
    op.drop_table("heartbeat")
    op.drop_table("event_key")
    op.drop_table("delivery")
    op.drop_table("cron_run")
    op.drop_table("config_version")
    op.drop_table("attempt")
    op.drop_table("account")
