"""E-mail images: images, opens, one row for each id, their figures, rules and settings, mailings."""

import sqlalchemy as sa
from alembic import op

from app.core.clock import now
from app.core.db import UtcDateTime
from app.core.partitions import drop_all, ensure

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# What SQLite is to believe of a table that it never looked through: without it, it takes one account's opens for ten
# rows and walks all of them for those of one id. (PostgreSQL looks for itself.)
STATISTICS = (
    {"tbl": "email_open", "idx": "email_open", "stat": "1000000 1000000 1 1"},  # the key
    {"tbl": "email_open", "idx": "ix_email_open_ref", "stat": "1000000 1000000 5 1"},
    {"tbl": "email_open", "idx": "ix_email_open_undescribed", "stat": "1000 10"},
)


def upgrade() -> None:
    op.create_table(
        "email_open",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ref", sa.String(length=255), nullable=False),
        sa.Column("file", sa.String(length=100), nullable=False),
        sa.Column("image_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("referer", sa.String(length=255), nullable=True),
        sa.Column("class", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("rule_version", sa.String(length=16), nullable=False),
        sa.Column("client", sa.String(length=40), nullable=True),
        sa.Column("device", sa.String(length=16), nullable=True),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("is_view", sa.Boolean(), nullable=False),
        sa.Column("is_first", sa.Boolean(), nullable=False),
        sa.Column("is_cut", sa.Boolean(), nullable=False),
        sa.Column("is_signed", sa.Boolean(), nullable=False),
        sa.CheckConstraint("class IN ('human', 'image_proxy', 'prefetch', 'bot')", name="ck_email_open_class"),
        sa.PrimaryKeyConstraint("account_id", "created_at", "id", name="pk_email_open"),
        postgresql_partition_by="RANGE (created_at)",
        sqlite_with_rowid=False,
    )
    op.create_index("ix_email_open_ref", "email_open", ["account_id", "ref", "created_at"], unique=False)
    op.create_index(
        "ix_email_open_undescribed",
        "email_open",
        ["agent_id"],
        unique=False,
        sqlite_where=sa.text("client IS NULL"),
        postgresql_where=sa.text("client IS NULL"),
    )
    op.create_table(
        "mailing_delay",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("mailing_id", sa.Uuid(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("ids", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "mailing_id", "bucket", "shard", name="pk_mailing_delay"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "open_hour",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("views", sa.Integer(), nullable=False),
        sa.Column("automatic", sa.Integer(), nullable=False),
        sa.Column("firsts", sa.Integer(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "hour", "shard", name="pk_open_hour"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "open_miss_hour",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("file", sa.String(length=100), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "hour", "reason", "file", "shard", name="pk_open_miss_hour"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "open_slice_day",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("day", UtcDateTime(), nullable=False),
        sa.Column("image_id", sa.Uuid(), nullable=False),
        sa.Column("class", sa.String(length=12), nullable=False),
        sa.Column("client", sa.String(length=40), nullable=False),
        sa.Column("device", sa.String(length=16), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("views", sa.Integer(), nullable=False),
        sa.Column("opens", sa.Integer(), nullable=False),
        sa.Column("firsts", sa.Integer(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "day", "image_id", "class", "client", "device", "shard", name="pk_open_slice_day"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "open_slice_hour",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("image_id", sa.Uuid(), nullable=False),
        sa.Column("class", sa.String(length=12), nullable=False),
        sa.Column("client", sa.String(length=40), nullable=False),
        sa.Column("device", sa.String(length=16), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("views", sa.Integer(), nullable=False),
        sa.Column("opens", sa.Integer(), nullable=False),
        sa.Column("firsts", sa.Integer(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "hour", "image_id", "class", "client", "device", "shard", name="pk_open_slice_hour"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "opened_id",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("ref", sa.String(length=255), nullable=False),
        sa.Column("views", sa.Integer(), nullable=False),
        sa.Column("automatic", sa.Integer(), nullable=False),
        sa.Column("first_at", UtcDateTime(), nullable=True),
        sa.Column("last_at", UtcDateTime(), nullable=True),
        sa.Column("last_hit_at", UtcDateTime(), nullable=False),
        sa.Column("burst_hour", UtcDateTime(), nullable=False),
        sa.Column("burst", sa.Integer(), nullable=False),
        sa.Column("awaited", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "ref", name="pk_opened_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_opened_id_last_at", "opened_id", ["account_id", "last_at"], unique=False)
    op.create_index(
        "ix_opened_id_unopened",
        "opened_id",
        ["account_id", "last_hit_at"],
        unique=False,
        sqlite_where=sa.text("first_at IS NULL"),
        postgresql_where=sa.text("first_at IS NULL"),
    )
    op.create_table(
        "user_agent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.String(length=1024), nullable=False),
        sa.Column("client", sa.String(length=40), nullable=True),
        sa.Column("os", sa.String(length=40), nullable=True),
        sa.Column("device", sa.String(length=16), nullable=True),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_user_agent"),
    )
    op.create_index(
        "ix_user_agent_undescribed",
        "user_agent",
        ["first_seen_at"],
        unique=False,
        sqlite_where=sa.text("client IS NULL"),
        postgresql_where=sa.text("client IS NULL"),
    )
    op.create_table(
        "image",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("file", sa.String(length=70), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("content_type", sa.String(length=16), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("signed_only", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "content_type IN ('image/png', 'image/gif', 'image/jpeg', 'image/webp')", name="ck_image_content_type"
        ),
        sa.CheckConstraint("file = lower(file)", name="ck_image_file_lower"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_image_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_image"),
    )
    op.create_index("uq_image_account_id_file", "image", ["account_id", "file"], unique=True)
    op.create_table(
        "mailing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=True),
        sa.Column("image_id", sa.Uuid(), nullable=True),
        sa.Column("listed", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name="ck_mailing_period"),
        sa.CheckConstraint("sent IS NULL OR sent > 0", name="ck_mailing_sent"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_mailing_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_mailing"),
    )
    op.create_index("ix_mailing_account_id", "mailing", ["account_id", "starts_at"], unique=False)
    op.create_table(
        "open_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("pattern", sa.String(length=200), nullable=False),
        sa.Column("class", sa.String(length=12), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("class IN ('human', 'image_proxy', 'prefetch', 'bot')", name="ck_open_rule_class"),
        sa.CheckConstraint("kind IN ('agent', 'network')", name="ck_open_rule_kind"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_open_rule_account_id_account"),
        sa.PrimaryKeyConstraint("id", name="pk_open_rule"),
    )
    op.create_index("uq_open_rule_account_id_kind_pattern", "open_rule", ["account_id", "kind", "pattern"], unique=True)
    op.create_table(
        "open_settings",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("account_key", sa.String(length=24), nullable=False),
        sa.Column("signing_key", sa.String(length=255), nullable=False),
        sa.Column("previous_key", sa.String(length=255), nullable=True),
        sa.Column("rotated_at", UtcDateTime(), nullable=True),
        sa.Column("addresses", sa.String(length=8), nullable=False),
        sa.Column("fold_s", sa.Integer(), nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("addresses IN ('masked', 'full', 'none')", name="ck_open_settings_addresses"),
        sa.CheckConstraint("fold_s BETWEEN 0 AND 3600", name="ck_open_settings_fold_s"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_open_settings_account_id_account"),
        sa.PrimaryKeyConstraint("account_id", name="pk_open_settings"),
        sa.UniqueConstraint("account_key", name="uq_open_settings_account_key"),
    )
    op.create_table(
        "image_content",
        sa.Column("image_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name="fk_image_content_image_id_image", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("image_id", name="pk_image_content"),
    )
    op.create_table(
        "mailed_id",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("ref", sa.String(length=255), nullable=False),
        sa.Column("mailing_id", sa.Uuid(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailing.id"], name="fk_mailed_id_mailing_id_mailing", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "ref", "mailing_id", name="pk_mailed_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_mailed_id_mailing_id", "mailed_id", ["mailing_id", "ref"], unique=False)
    op.create_index(
        "ix_mailed_id_unopened",
        "mailed_id",
        ["account_id", "sent_at", "ref", "mailing_id"],
        unique=False,
        sqlite_where=sa.text("opened_at IS NULL"),
        postgresql_where=sa.text("opened_at IS NULL"),
    )
    ensure(op.get_bind(), "email_open", now())
    if op.get_bind().dialect.name == "sqlite":
        op.execute("ANALYZE email_open")  # makes the table of statistics
        op.get_bind().execute(
            sa.text("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (:tbl, :idx, :stat)"), STATISTICS
        )
        op.execute("ANALYZE sqlite_master")  # reads it again


def downgrade() -> None:
    drop_all(op.get_bind(), "email_open")
    op.drop_table("mailed_id")
    op.drop_table("image_content")
    op.drop_table("open_settings")
    op.drop_table("open_rule")
    op.drop_table("mailing")
    op.drop_table("image")
    op.drop_table("user_agent")
    op.drop_table("opened_id")
    op.drop_table("open_slice_hour")
    op.drop_table("open_slice_day")
    op.drop_table("open_miss_hour")
    op.drop_table("open_hour")
    op.drop_table("mailing_delay")
    op.drop_table("email_open")
