"""Contacts: people, how they are grouped, what they agreed to, imports, segments, the privacy desk."""

import sqlalchemy as sa
from alembic import op

from app.core.db import JsonColumn, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NEW_TABLES = (
    "user_choice", "privacy_action", "privacy_request", "import_change", "import_problem", "import_part",
    "contact_import", "segment", "custom_field", "suppression", "consent_event", "contact_merge",
    "timeline_entry", "contact_tag", "contact_category", "contact", "tag", "category",
)  # fmt: skip
# Of a text the index keeps only which three letters it has: half the size, and search looks at the text again anyway.
# It is brought up to date once for a transaction (contacts/search.py: tend), from the list of rows that the triggers
# note: a trigger that wrote into it would make a piece of its own for every row. `was` is what the index still has.
# It is merged a little every time as well, since a merge by itself holds the database's one writer for up to 0.3 s.
SEARCH = (
    "CREATE VIRTUAL TABLE contact_search USING fts5(searchable, content='contact', content_rowid='serial', "
    "tokenize='trigram case_sensitive 1', detail=none, columnsize=0)",
    "INSERT INTO contact_search(contact_search, rank) VALUES('automerge', 0)",
    "INSERT INTO contact_search(contact_search, rank) VALUES('crisismerge', 1000)",
    "CREATE TABLE contact_unindexed (serial INTEGER PRIMARY KEY, was TEXT)",
    "CREATE TRIGGER contact_search_insert AFTER INSERT ON contact BEGIN "
    "INSERT OR IGNORE INTO contact_unindexed(serial, was) VALUES (new.serial, NULL); END",
    "CREATE TRIGGER contact_search_delete AFTER DELETE ON contact BEGIN "
    "INSERT OR IGNORE INTO contact_unindexed(serial, was) VALUES (old.serial, old.searchable); END",
    "CREATE TRIGGER contact_search_update AFTER UPDATE OF searchable ON contact "
    "WHEN old.searchable IS NOT new.searchable BEGIN "
    "INSERT OR IGNORE INTO contact_unindexed(serial, was) VALUES (old.serial, old.searchable); END",
)


def upgrade() -> None:
    _make_people()
    _make_consent()
    _make_fields_and_segments()
    _make_imports()
    _make_privacy()
    if op.get_bind().dialect.name == "sqlite":
        for statement in SEARCH:
            op.execute(statement)
    else:
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        op.execute("CREATE INDEX ix_contact_searchable ON contact USING gin (searchable gin_trgm_ops)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_table("contact_search")
        op.drop_table("contact_unindexed")
    for table in NEW_TABLES:
        op.drop_table(table)


def _plainly_ordered(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _make_people() -> None:
    op.create_table(
        "category",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("folded_name", sa.String(length=80), nullable=False),
        sa.Column("description", sa.String(length=500), nullable=True),
        sa.Column("color", sa.String(length=7), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_category_account_id_account")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_category_created_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category")),
        sa.UniqueConstraint("account_id", "folded_name", name=op.f("uq_category_account_id_folded_name")),
    )
    op.create_table(
        "tag",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("folded_name", sa.String(length=60), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_tag_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        sa.UniqueConstraint("account_id", "folded_name", name=op.f("uq_tag_account_id_folded_name")),
    )
    op.create_table(
        "contact",
        sa.Column("serial", Serial, sa.Identity(always=False), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("folded_name", _plainly_ordered(200), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("phone_key", _plainly_ordered(20), nullable=True),
        sa.Column("phone_raw", sa.String(length=64), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("company", sa.String(length=200), nullable=True),
        sa.Column("locale", sa.String(length=8), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("custom", JsonColumn, nullable=False),
        sa.Column("wa_id", sa.String(length=32), nullable=True),
        sa.Column("wa_user_id", sa.String(length=128), nullable=True),
        sa.Column("zapi_lid", sa.String(length=64), nullable=True),
        sa.Column("whatsapp_consent", sa.String(length=8), nullable=False),
        sa.Column("email_consent", sa.String(length=8), nullable=False),
        sa.Column("last_inbound_at", UtcDateTime(), nullable=True),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("searchable", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("anonymised_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("email_consent IN ('unknown', 'granted', 'denied')", name=op.f("ck_contact_email_consent")),
        sa.CheckConstraint(
            "whatsapp_consent IN ('unknown', 'granted', 'denied')", name=op.f("ck_contact_whatsapp_consent")
        ),
        sa.CheckConstraint("(phone IS NULL) = (phone_key IS NULL)", name=op.f("ck_contact_phone_key")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_contact_email_lower")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_contact_account_id_account")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_contact_created_by_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_contact_owner_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_contact")),
        sa.UniqueConstraint("id", name=op.f("uq_contact_id")),
    )
    op.create_index(
        "ix_contact_deleted",
        "contact",
        ["deleted_at"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index(
        "ix_contact_email",
        "contact",
        ["account_id", "email"],
        unique=False,
        sqlite_where=sa.text("email IS NOT NULL AND deleted_at IS NULL"),
        postgresql_where=sa.text("email IS NOT NULL AND deleted_at IS NULL"),
    )
    op.create_index(
        "ix_contact_import",
        "contact",
        ["import_id"],
        unique=False,
        sqlite_where=sa.text("import_id IS NOT NULL"),
        postgresql_where=sa.text("import_id IS NOT NULL"),
    )
    op.create_index(
        "ix_contact_kept",
        "contact",
        ["account_id", "serial"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_contact_name",
        "contact",
        ["account_id", "folded_name", "serial"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_contact_owner",
        "contact",
        ["account_id", "owner_id"],
        unique=False,
        sqlite_where=sa.text("owner_id IS NOT NULL AND deleted_at IS NULL"),
        postgresql_where=sa.text("owner_id IS NOT NULL AND deleted_at IS NULL"),
    )
    op.create_index(
        "ix_contact_updated",
        "contact",
        ["account_id", "updated_at", "serial"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "uq_contact_mail_only",
        "contact",
        ["account_id", "email"],
        unique=True,
        sqlite_where=sa.text("email IS NOT NULL AND phone_key IS NULL AND deleted_at IS NULL"),
        postgresql_where=sa.text("email IS NOT NULL AND phone_key IS NULL AND deleted_at IS NULL"),
    )
    op.create_index(
        "uq_contact_phone",
        "contact",
        ["account_id", "phone_key"],
        unique=True,
        sqlite_where=sa.text("phone_key IS NOT NULL AND deleted_at IS NULL"),
        postgresql_where=sa.text("phone_key IS NOT NULL AND deleted_at IS NULL"),
    )
    op.create_table(
        "contact_category",
        sa.Column("category_id", sa.Uuid(), nullable=False),
        sa.Column("contact_serial", Serial, nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"], ["category.id"], name=op.f("fk_contact_category_category_id_category"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_serial"],
            ["contact.serial"],
            name=op.f("fk_contact_category_contact_serial_contact"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("category_id", "contact_serial", name=op.f("pk_contact_category")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_contact_category_contact_serial"), "contact_category", ["contact_serial"], unique=False)
    op.create_table(
        "contact_tag",
        sa.Column("tag_id", sa.Uuid(), nullable=False),
        sa.Column("contact_serial", Serial, nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_serial"],
            ["contact.serial"],
            name=op.f("fk_contact_tag_contact_serial_contact"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name=op.f("fk_contact_tag_tag_id_tag"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tag_id", "contact_serial", name=op.f("pk_contact_tag")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_contact_tag_contact_serial"), "contact_tag", ["contact_serial"], unique=False)
    op.create_table(
        "timeline_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("facts", JsonColumn, nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.String(length=254), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_timeline_entry_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline_entry")),
    )
    op.create_index(
        "ix_timeline_entry_contact", "timeline_entry", ["account_id", "contact_id", "at", "id"], unique=False
    )
    op.create_table(
        "contact_merge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kept_id", sa.Uuid(), nullable=False),
        sa.Column("merged_id", sa.Uuid(), nullable=False),
        sa.Column("taken", JsonColumn, nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.String(length=254), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_contact_merge_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_merge")),
        sa.UniqueConstraint("account_id", "merged_id", name=op.f("uq_contact_merge_account_id_merged_id")),
    )
    op.create_index("ix_contact_merge_kept", "contact_merge", ["account_id", "kept_id"], unique=False)


def _make_consent() -> None:
    op.create_table(
        "consent_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("basis", sa.String(length=24), nullable=True),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.String(length=255), nullable=True),
        sa.Column("text_version", sa.String(length=64), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.String(length=254), nullable=True),
        sa.Column("ip_address", sa.String(length=64), nullable=True),
        sa.CheckConstraint("channel IN ('whatsapp', 'email')", name=op.f("ck_consent_event_channel")),
        sa.CheckConstraint("state IN ('granted', 'denied', 'unknown')", name=op.f("ck_consent_event_state")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_consent_event_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_event")),
    )
    op.create_index("ix_consent_event_contact", "consent_event", ["account_id", "contact_id", "id"], unique=False)
    op.create_table(
        "suppression",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("channel IN ('whatsapp', 'email', 'any')", name=op.f("ck_suppression_channel")),
        sa.CheckConstraint("reason IN ('opted_out', 'erased')", name=op.f("ck_suppression_reason")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_suppression_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "hash", "channel", name=op.f("pk_suppression")),
        sqlite_with_rowid=False,
    )


def _make_fields_and_segments() -> None:
    op.create_table(
        "custom_field",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("folded_label", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("options", JsonColumn, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('text', 'number', 'date', 'yes_no', 'choice')", name=op.f("ck_custom_field_kind")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_custom_field_account_id_account")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_custom_field_created_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_field")),
        sa.UniqueConstraint("account_id", "folded_label", name=op.f("uq_custom_field_account_id_folded_label")),
        sa.UniqueConstraint("account_id", "key", name=op.f("uq_custom_field_account_id_key")),
    )
    op.create_table(
        "segment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("folded_name", sa.String(length=80), nullable=False),
        sa.Column("description", sa.String(length=500), nullable=True),
        sa.Column("rule", JsonColumn, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_segment_account_id_account")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_segment_created_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment")),
        sa.UniqueConstraint("account_id", "folded_name", name=op.f("uq_segment_account_id_folded_name")),
    )


def _make_imports() -> None:
    op.create_table(
        "contact_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("encoding", sa.String(length=16), nullable=False),
        sa.Column("delimiter", sa.String(length=1), nullable=False),
        sa.Column("columns", JsonColumn, nullable=False),
        sa.Column("columns_hash", sa.String(length=64), nullable=False),
        sa.Column("mapping", JsonColumn, nullable=True),
        sa.Column("options", JsonColumn, nullable=True),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("preview", JsonColumn, nullable=True),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("invalid", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("wiped_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("format IN ('csv', 'xlsx')", name=op.f("ck_contact_import_format")),
        sa.CheckConstraint(
            "state IN ('uploaded', 'checking', 'checked', 'running', 'done', 'stopped', 'failed', 'undoing', 'undone')",
            name=op.f("ck_contact_import_state"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_contact_import_account_id_account")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_contact_import_created_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_import")),
    )
    op.create_index("ix_contact_import_account", "contact_import", ["account_id", "created_at"], unique=False)
    op.create_index(op.f("ix_contact_import_columns_hash"), "contact_import", ["columns_hash"], unique=False)
    op.create_table(
        "import_part",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["contact_import.id"],
            name=op.f("fk_import_part_import_id_contact_import"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_part")),
    )
    op.create_table(
        "import_problem",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=False),
        sa.Column("column", sa.Integer(), nullable=True),
        sa.Column("is_skip", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["contact_import.id"],
            name=op.f("fk_import_problem_import_id_contact_import"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("import_id", "row", name=op.f("pk_import_problem")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "import_change",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("before", JsonColumn, nullable=False),
        sa.Column("added", JsonColumn, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["contact_import.id"],
            name=op.f("fk_import_change_import_id_contact_import"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("import_id", "contact_id", name=op.f("pk_import_change")),
        sqlite_with_rowid=False,
    )


def _make_privacy() -> None:
    op.create_table(
        "privacy_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("subject_hint", sa.String(length=64), nullable=False),
        sa.Column("subject_hash", sa.String(length=64), nullable=False),
        sa.Column("sealed_subject", sa.Text(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('access', 'correction', 'anonymisation', 'deletion')", name=op.f("ck_privacy_request_kind")
        ),
        sa.CheckConstraint("state IN ('open', 'done', 'declined')", name=op.f("ck_privacy_request_state")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_privacy_request_account_id_account")),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_privacy_request_created_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_request")),
    )
    op.create_index("ix_privacy_request_account", "privacy_request", ["account_id", "created_at"], unique=False)
    op.create_table(
        "privacy_action",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(length=24), nullable=False),
        sa.Column("facts", JsonColumn, nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.String(length=254), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_privacy_action_account_id_account")),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["privacy_request.id"],
            name=op.f("fk_privacy_action_request_id_privacy_request"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_action")),
    )
    op.create_index("ix_privacy_action_request", "privacy_action", ["request_id", "id"], unique=False)
    op.create_table(
        "user_choice",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", JsonColumn, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_choice_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "name", name=op.f("pk_user_choice")),
        sqlite_with_rowid=False,
    )
