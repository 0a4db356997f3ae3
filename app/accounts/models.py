"""Account, user, session, refresh token, API client, audit entry."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask_login import UserMixin
from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.roles import Role, permissions_of
from app.core import clock
from app.core.db import Base, JsonColumn
from app.core.ids import uuid7


class Account(Base):
    """A company. Everything belongs to one; nothing of one is visible to another."""

    __tablename__ = "account"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str] = mapped_column(String(120))
    timezone: Mapped[str] = mapped_column(String(64))
    country_code: Mapped[str] = mapped_column(String(3), default="55")  # calling code of national phone numbers
    retention_days: Mapped[int | None] = mapped_column(Integer)  # None: RETENTION_DAYS, which no account outlasts
    masks_people: Mapped[bool] = mapped_column(Boolean, default=True)  # phones and e-mails, for viewers
    second_factor_roles: Mapped[list[str]] = mapped_column(default=list)  # who has to have one
    version: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime]

    def kept_days(self, longest: int) -> int:
        """How old its rows grow; `longest` is RETENTION_DAYS."""
        return min(self.retention_days or longest, longest)


class User(UserMixin, Base):  # type: ignore[misc]  # flask_login ships no types
    """A person of one account, with one role in it. E-mail addresses are kept lower-cased and are unique overall."""

    __tablename__ = "users"  # "user" is a reserved word of PostgreSQL
    __table_args__ = (
        CheckConstraint("role IN ('admin', 'manager', 'operator', 'viewer')", name="role"),
        CheckConstraint("email = lower(email)", name="email_lower"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str | None] = mapped_column(String(256))
    locale: Mapped[str | None] = mapped_column(String(8))
    theme: Mapped[str | None] = mapped_column(String(8))
    timezone: Mapped[str | None] = mapped_column(String(64))  # None: the account's
    disabled_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime]
    account: Mapped[Account] = relationship()

    @property
    def is_active(self) -> bool:
        return self.disabled_at is None

    @property
    def permissions(self) -> frozenset[str]:
        return permissions_of(self.role)

    @property
    def sees_people_masked(self) -> bool:
        """Whether they see addresses and numbers of people only in part."""
        return self.role == Role.VIEWER and self.account.masks_people


class UserSession(Base):
    """Somebody signed in: a browser, whose cookie carries the only copy of the token that `token_hash` is of, or a
    program with access and refresh tokens. Kept here, not in the cookie, so that it can be ended."""

    __tablename__ = "user_session"
    __table_args__ = (CheckConstraint("kind IN ('browser', 'program')", name="kind"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(8), default="browser")
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    confirmed_at: Mapped[datetime]  # when the person last proved who they are
    expires_at: Mapped[datetime]  # absolute; a browser's idleness is judged from seen_at
    ip_address: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(255))
    user: Mapped[User] = relationship()


class RefreshToken(Base):
    """A program's next access token, for one use. All that follow from one sign-in are of its session; a used one that
    comes again ends them all."""

    __tablename__ = "refresh_token"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("user_session.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SetupLink(Base):
    """The one-time link that creates the first account's administrator. Only its hash is kept."""

    __tablename__ = "setup_link"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ApiClient(Base):
    """An application with a token. Tokens are found by the SHA-256 of the whole token; a rotation keeps the old one
    valid until `previous_until`."""

    __tablename__ = "api_client"
    __table_args__ = (
        CheckConstraint("answer_mode IN ('wait', 'acknowledge')", name="answer_mode"),
        Index("ix_api_client_previous_token_hash", "previous_token_hash"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    token_last4: Mapped[str] = mapped_column(String(4))
    previous_token_hash: Mapped[str | None] = mapped_column(String(64))
    previous_last4: Mapped[str | None] = mapped_column(String(4))
    previous_until: Mapped[datetime | None]
    scopes: Mapped[list[str]]
    pixel_ids: Mapped[list[str] | None] = mapped_column(JsonColumn)  # ids of our pixels; None: all of the account
    answer_mode: Mapped[str] = mapped_column(String(16), default="wait")
    per_minute: Mapped[int | None] = mapped_column(Integer)
    per_hour: Mapped[int | None] = mapped_column(Integer)
    per_day: Mapped[int | None] = mapped_column(Integer)
    pixel_limits: Mapped[dict[str, Any] | None] = mapped_column(JsonColumn)  # id of our pixel -> {per_minute: 60, …}
    addresses: Mapped[list[str] | None] = mapped_column(JsonColumn)  # networks that may call; None: any
    origins: Mapped[list[str] | None] = mapped_column(JsonColumn)  # sites whose pages may call; None: any
    expires_at: Mapped[datetime | None]
    from_settings: Mapped[bool] = mapped_column(Boolean, default=False)  # TRACKING_TOKEN's own client
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    last_address: Mapped[str | None] = mapped_column(String(45))
    first_event_at: Mapped[datetime | None]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= clock.now()


class ClientToken(Base):
    """A client's token for an hour, from the client-credentials grant: good for what the client is good for, or for a
    part of it."""

    __tablename__ = "client_token"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("api_client.id", ondelete="CASCADE"), index=True)
    scopes: Mapped[list[str] | None] = mapped_column(JsonColumn)  # None: the client's, whatever they are by then
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class AuditEntry(Base):
    """Who changed what, when, from where. Append-only: no code updates or deletes one; whole months go by their age. On
    PostgreSQL partitioned by month of `created_at`, the time in the id."""

    __tablename__ = "audit_entry"
    __table_args__ = ({"postgresql_partition_by": "RANGE (created_at)"},)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID | None]  # no foreign key: the entry outlives the person
    actor: Mapped[str] = mapped_column(String(254))
    action: Mapped[str] = mapped_column(String(64))  # "pixel.updated"
    subject_id: Mapped[str | None] = mapped_column(String(64))
    subject: Mapped[str | None] = mapped_column(String(255))
    changes: Mapped[dict[str, Any] | None]  # field -> [before, after], never a secret
    ip_address: Mapped[str | None] = mapped_column(String(45))
    request_id: Mapped[str | None] = mapped_column(String(64))


class UserChoice(Base):
    """How somebody likes a page: the columns of a list, say."""

    __tablename__ = "user_choice"
    __table_args__ = ({"sqlite_with_rowid": False},)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[dict[str, Any]]
