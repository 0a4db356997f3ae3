"""People and access: second factors, refresh tokens, links by mail, invitations, limits of clients and targets."""

import sqlalchemy as sa
from alembic import op

from app.core.db import JsonColumn, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NEW_TABLES = (
    "mail_message", "target_window", "social_login", "invitation", "mailed_link", "registration", "pending_sign_in",
    "recovery_code", "second_factor", "client_token", "refresh_token",
)  # fmt: skip
ROLES = "role IN ('admin', 'manager', 'operator', 'viewer')"


def upgrade() -> None:
    for table, columns in _widened().items():
        for column in columns:
            op.add_column(table, column)
    _widen_sessions()
    _make_credentials()
    _make_links()
    op.create_table(
        "target_window",
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.CheckConstraint("seconds IN (1, 60, 3600, 86400)", name=op.f("ck_target_window_seconds")),
        sa.ForeignKeyConstraint(
            ["target_id"], ["target.id"], name=op.f("fk_target_window_target_id_target"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("target_id", "seconds", name=op.f("pk_target_window")),
    )
    op.create_table(
        "mail_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=24), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("wiped_at", UtcDateTime(), nullable=True),
        _to("mail_message", "account_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_message")),
    )
    op.create_index("ix_mail_message_account", "mail_message", ["account_id", "id"], unique=False)
    kept = sa.text("sealed IS NOT NULL")
    op.create_index("ix_mail_message_kept", "mail_message", ["expires_at"], sqlite_where=kept, postgresql_where=kept)


def downgrade() -> None:
    for table in NEW_TABLES:
        op.drop_table(table)
    op.execute("DELETE FROM user_session WHERE kind <> 'browser'")  # nothing before this release can refresh them
    with op.batch_alter_table("user_session") as session:
        session.drop_constraint(op.f("ck_user_session_kind"), type_="check")
        session.drop_column("confirmed_at")
        session.drop_column("kind")
    for table, columns in _widened().items():
        for column in columns:
            op.drop_column(table, column.name)


def _widened() -> dict[str, tuple[sa.Column, ...]]:
    """Columns that are added to tables as they are: others point at these, so SQLite could not make them anew."""
    return {
        "account": (
            sa.Column("retention_days", sa.Integer(), nullable=True),
            sa.Column("masks_people", sa.Boolean(), nullable=False, server_default=sa.true()),
            sa.Column("second_factor_roles", JsonColumn, nullable=False, server_default="[]"),
            sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        ),
        "users": (sa.Column("version", sa.Integer(), nullable=False, server_default="1"),),
        "api_client": (
            sa.Column("pixel_limits", JsonColumn, nullable=True),
            sa.Column("addresses", JsonColumn, nullable=True),
            sa.Column("origins", JsonColumn, nullable=True),
            sa.Column("expires_at", UtcDateTime(), nullable=True),
        ),
        "target": (
            sa.Column("per_second", sa.Integer(), nullable=True),
            sa.Column("per_minute", sa.Integer(), nullable=True),
            sa.Column("per_hour", sa.Integer(), nullable=True),
            sa.Column("per_day", sa.Integer(), nullable=True),
            sa.Column("limited_until", UtcDateTime(), nullable=True),
        ),
    }


def _widen_sessions() -> None:
    """With defaults that stay: web hosts of the release before sign people in until they are restarted."""
    with op.batch_alter_table("user_session") as session:
        session.add_column(sa.Column("kind", sa.String(length=8), nullable=False, server_default="browser"))
        session.add_column(sa.Column("confirmed_at", UtcDateTime(), nullable=True))
    op.execute("UPDATE user_session SET confirmed_at = created_at")
    with op.batch_alter_table("user_session") as session:
        session.alter_column(
            "confirmed_at", existing_type=UtcDateTime(), nullable=False, server_default=sa.func.current_timestamp()
        )
        session.create_check_constraint(op.f("ck_user_session_kind"), "kind IN ('browser', 'program')")


def _make_credentials() -> None:
    op.create_table(
        "refresh_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        _to("refresh_token", "session_id", "user_session", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_refresh_token_token_hash")),
    )
    op.create_index(op.f("ix_refresh_token_session_id"), "refresh_token", ["session_id"], unique=False)
    op.create_table(
        "client_token",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("scopes", JsonColumn, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        _to("client_token", "client_id", "api_client", "CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_client_token")),
    )
    for column in ("client_id", "expires_at"):
        op.create_index(op.f(f"ix_client_token_{column}"), "client_token", [column], unique=False)
    op.create_table(
        "second_factor",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_secret", sa.String(length=500), nullable=False),
        sa.Column("next_sealed_secret", sa.String(length=500), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        _to("second_factor", "user_id", "users", "CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        _to("recovery_code", "user_id", "users", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_recovery_code_code_hash")),
    )
    op.create_index(op.f("ix_recovery_code_user_id"), "recovery_code", ["user_id"], unique=False)
    op.create_table(
        "pending_sign_in",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("password_hash", sa.String(length=256), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        _to("pending_sign_in", "user_id", "users", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_sign_in")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_pending_sign_in_token_hash")),
    )
    op.create_index(op.f("ix_pending_sign_in_user_id"), "pending_sign_in", ["user_id"], unique=False)


def _make_links() -> None:
    op.create_table(
        "registration",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=True),
        sa.Column("password_hash", sa.String(length=256), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        _to("registration", "account_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration")),
        sa.UniqueConstraint("account_id", name=op.f("uq_registration_account_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_registration_token_hash")),
    )
    op.create_index(op.f("ix_registration_email"), "registration", ["email"], unique=False)
    op.create_table(
        "mailed_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("purpose IN ('reset', 'new_email')", name=op.f("ck_mailed_link_purpose")),
        _to("mailed_link", "user_id", "users", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailed_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_mailed_link_token_hash")),
    )
    op.create_index(op.f("ix_mailed_link_user_id"), "mailed_link", ["user_id"], unique=False)
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(ROLES, name=op.f("ck_invitation_role")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_invitation_email_lower")),
        _to("invitation", "account_id", "account"),
        _to("invitation", "invited_by", "users", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("account_id", "email", name=op.f("uq_invitation_account_id_email")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitation_token_hash")),
    )
    op.create_table(
        "social_login",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("provider IN ('google', 'facebook')", name=op.f("ck_social_login_provider")),
        _to("social_login", "user_id", "users", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_social_login")),
        sa.UniqueConstraint("provider", "subject", name=op.f("uq_social_login_provider_subject")),
        sa.UniqueConstraint("user_id", "provider", name=op.f("uq_social_login_user_id_provider")),
    )


def _to(table: str, column: str, other: str, on_delete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete=on_delete
    )
