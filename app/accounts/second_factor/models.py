"""The secret of an authenticator app, recovery codes, a sign-in that waits for its code."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7

SECRET_PLACE = "second_factor:sealed_secret"  # noqa: S105 - where it is kept, not what it is


class SecondFactor(Base):
    """A person's authenticator app. It counts once `confirmed_at` says that a first code was right."""

    __tablename__ = "second_factor"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    sealed_secret: Mapped[str] = mapped_column(String(500))
    next_sealed_secret: Mapped[str | None] = mapped_column(String(500))  # of another app, until its first code is right
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None] = mapped_column(BigInteger)  # of the latest code that was taken: none is taken twice


class RecoveryCode(Base):
    """One of ten ways in without the app, each for one use. Only its hash is kept."""

    __tablename__ = "recovery_code"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    used_at: Mapped[datetime | None]


class PendingSignIn(Base):
    """Whose password (or provider) was right and whose code is awaited. No session: it opens nothing but the page that
    asks for the code."""

    __tablename__ = "pending_sign_in"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    email: Mapped[str] = mapped_column(String(254))  # this and the hash as they were then: others by now end the wait
    password_hash: Mapped[str | None] = mapped_column(String(256))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
