"""Funnels: stages, cards, every change of a card, rules and what they did."""

import sqlalchemy as sa
from alembic import op

from app.core.db import Cents, JsonColumn, UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

Rank = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
NEW_TABLES = ("rule_run", "card_rule", "card_change", "card", "stage", "funnel")


def upgrade() -> None:
    _make_structure()
    _make_cards()
    _make_rules()


def downgrade() -> None:
    for table in NEW_TABLES:
        op.drop_table(table)


def _make_structure() -> None:
    op.create_table(
        "funnel",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("folded_name", sa.String(length=80), nullable=False),
        sa.Column("description", sa.String(length=500), nullable=True),
        sa.Column("reasons", JsonColumn, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_funnel_account_id_account")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_funnel_created_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funnel")),
    )
    op.create_index(
        "uq_funnel_name",
        "funnel",
        ["account_id", "folded_name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "stage",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("funnel_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("folded_name", sa.String(length=60), nullable=False),
        sa.Column("color", sa.String(length=7), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("chance", sa.Integer(), nullable=False),
        sa.Column("stalled_after", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('open', 'won', 'lost')", name=op.f("ck_stage_kind")),
        sa.CheckConstraint("chance BETWEEN 0 AND 100", name=op.f("ck_stage_chance")),
        sa.CheckConstraint("stalled_after BETWEEN 1 AND 3650", name=op.f("ck_stage_stalled_after")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_stage_account_id_account")),
        sa.ForeignKeyConstraint(
            ["funnel_id"], ["funnel.id"], name=op.f("fk_stage_funnel_id_funnel"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage")),
        sa.UniqueConstraint("id", "funnel_id", name=op.f("uq_stage_id_funnel_id")),
    )
    op.create_index(
        "uq_stage_name",
        "stage",
        ["funnel_id", "folded_name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "uq_stage_position",
        "stage",
        ["funnel_id", "position"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _make_cards() -> None:
    op.create_table(
        "card",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("funnel_id", sa.Uuid(), nullable=False),
        sa.Column("stage_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=4), nullable=False),
        sa.Column("rank", Rank, nullable=False),
        sa.Column("value", Cents(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("expected_close", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=120), nullable=True),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.Column("removed_why", sa.String(length=8), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'open') = (closed_at IS NULL)", name=op.f("ck_card_closed_at")),
        sa.CheckConstraint("state IN ('open', 'won', 'lost')", name=op.f("ck_card_state")),
        sa.CheckConstraint("value >= 0", name=op.f("ck_card_value")),
        sa.CheckConstraint("(removed_at IS NULL) = (removed_why IS NULL)", name=op.f("ck_card_removed_why")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_card_account_id_account")),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_card_contact_id_contact"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_card_created_by_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["funnel_id"], ["funnel.id"], name=op.f("fk_card_funnel_id_funnel"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_card_owner_id_users"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["stage_id", "funnel_id"], ["stage.id", "stage.funnel_id"], name="fk_card_stage"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card")),
        sa.UniqueConstraint("stage_id", "rank", name=op.f("uq_card_stage_id_rank")),
    )
    op.create_index("ix_card_contact", "card", ["contact_id"], unique=False)
    op.create_index("ix_card_owner", "card", ["owner_id"], unique=False)
    op.create_index(
        "ix_card_totals",
        "card",
        ["funnel_id", "stage_id", "value"],
        unique=False,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "uq_card_open",
        "card",
        ["funnel_id", "contact_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open' AND removed_at IS NULL"),
        postgresql_where=sa.text("state = 'open' AND removed_at IS NULL"),
    )
    op.create_table(
        "card_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("funnel_id", sa.Uuid(), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("from_stage_id", sa.Uuid(), nullable=True),
        sa.Column("to_stage_id", sa.Uuid(), nullable=False),
        sa.Column("from_rank", Rank, nullable=True),
        sa.Column("from_state", sa.String(length=4), nullable=True),
        sa.Column("to_state", sa.String(length=4), nullable=False),
        sa.Column("value", Cents(), nullable=False),
        sa.Column("open_delta", Cents(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=120), nullable=True),
        sa.Column("fields", JsonColumn, nullable=False),
        sa.Column("stayed_s", sa.BigInteger(), nullable=True),
        sa.Column("rule_id", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('created', 'moved', 'ordered', 'edited', 'removed', 'restored')", name=op.f("ck_card_change_kind")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_card_change_account_id_account")),
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name=op.f("fk_card_change_card_id_card"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["funnel_id"], ["funnel.id"], name=op.f("fk_card_change_funnel_id_funnel"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_change")),
        sa.UniqueConstraint("funnel_id", "revision", name=op.f("uq_card_change_funnel_id_revision")),
    )
    op.create_index("ix_card_change_at", "card_change", ["funnel_id", "at"], unique=False)
    op.create_index("ix_card_change_card", "card_change", ["card_id", "revision"], unique=False)


def _make_rules() -> None:
    op.create_table(
        "card_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("funnel_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("trigger", sa.String(length=8), nullable=False),
        sa.Column("stage_id", sa.Uuid(), nullable=True),
        sa.Column("tag_id", sa.Uuid(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("actions", JsonColumn, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(trigger = 'stayed') = (days IS NOT NULL)", name=op.f("ck_card_rule_days")),
        sa.CheckConstraint("(trigger = 'tagged') = (stage_id IS NULL)", name=op.f("ck_card_rule_stage_id")),
        sa.CheckConstraint("(trigger = 'tagged') = (tag_id IS NOT NULL)", name=op.f("ck_card_rule_tag_id")),
        sa.CheckConstraint("trigger IN ('entered', 'stayed', 'tagged')", name=op.f("ck_card_rule_trigger")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_card_rule_account_id_account")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_card_rule_created_by_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["funnel_id"], ["funnel.id"], name=op.f("fk_card_rule_funnel_id_funnel"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["stage_id"], ["stage.id"], name=op.f("fk_card_rule_stage_id_stage"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name=op.f("fk_card_rule_tag_id_tag"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_rule")),
    )
    op.create_index("ix_card_rule_account", "card_rule", ["account_id"], unique=False)
    op.create_index("ix_card_rule_funnel", "card_rule", ["funnel_id", "position"], unique=False)
    op.create_index("ix_card_rule_tag", "card_rule", ["tag_id"], unique=False)
    op.create_table(
        "rule_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("funnel_id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("rule_name", sa.String(length=80), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("steps", JsonColumn, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("outcome IN ('done', 'partly', 'failed', 'stopped')", name=op.f("ck_rule_run_outcome")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_rule_run_account_id_account")),
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name=op.f("fk_rule_run_card_id_card"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["funnel_id"], ["funnel.id"], name=op.f("fk_rule_run_funnel_id_funnel"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_run")),
        sa.UniqueConstraint("rule_id", "card_id", "entry", name=op.f("uq_rule_run_rule_id_card_id_entry")),
    )
    op.create_index("ix_rule_run_at", "rule_run", ["funnel_id", "at"], unique=False)
    op.create_index("ix_rule_run_card", "rule_run", ["card_id", "at"], unique=False)
