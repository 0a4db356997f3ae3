"""Sign-ins that wait for a code: known by a cookie of their own, which opens nothing but the page that asks for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts import one_time, sessions
from app.accounts.models import User
from app.accounts.second_factor.models import PendingSignIn
from app.core.ids import uuid7
from app.core.settings import Settings

LIFETIME = timedelta(minutes=10)


def cookie_name(settings: Settings) -> str:
    return f"{sessions.cookie_name(settings)}_pending"


def begin(session: Session, user: User, now: datetime) -> str:
    """The token for the cookie of somebody who has to say a code yet. Those that are over are swept on the way."""
    session.execute(delete(PendingSignIn).where(PendingSignIn.expires_at <= now))
    token, token_hash = one_time.new_token()
    session.add(
        PendingSignIn(
            id=uuid7(),
            token_hash=token_hash,
            user_id=user.id,
            email=user.email,
            password_hash=user.password_hash,
            created_at=now,
            expires_at=now + LIFETIME,
        )
    )
    return token


def find(session: Session, token: str, now: datetime) -> User | None:
    """Who waits with this token. None when it is unknown or over, and when the person was disabled or got another
    password or address meanwhile."""
    same = (
        PendingSignIn.token_hash == one_time.hash_of(token),
        PendingSignIn.expires_at > now,
        PendingSignIn.email == User.email,
        PendingSignIn.password_hash.is_not_distinct_from(User.password_hash),
        User.disabled_at.is_(None),
    )
    return session.scalars(
        select(User).join(PendingSignIn, PendingSignIn.user_id == User.id).where(*same)
    ).one_or_none()


def end(session: Session, token: str) -> bool:
    """Whether it was still there: of two that end it at once, one is told so."""
    mine = PendingSignIn.token_hash == one_time.hash_of(token)
    return session.execute(delete(PendingSignIn).where(mine).returning(PendingSignIn.id)).first() is not None
