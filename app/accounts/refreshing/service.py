"""Refresh tokens: given out at sign-in, exchanged once each; one that comes again ends its whole family."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from app.accounts import audit, sessions
from app.accounts.models import RefreshToken, User, UserSession
from app.accounts.sessions import TOKEN_BYTES, hashed
from app.core.access import Actor
from app.core.ids import uuid7

LIFETIME = timedelta(days=30)  # of each; all of a family end with their session (sessions.ABSOLUTE_PROGRAM)
PREFIX = "kt_rt_"
MAX_LENGTH = 128
DOUBLED_WITHIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Rotated:
    """Whose token was exchanged, and the one that follows it."""

    session_id: UUID
    user_id: UUID
    refresh_token: str


def issue(session: Session, session_id: UUID, now: datetime) -> str:
    """A refresh token of a program's session, in the caller's write; nobody can read it again. The session may be one
    that was opened in the same write."""
    session.flush()  # the row that the token points to comes first
    ends_at = session.scalars(select(UserSession.expires_at).where(UserSession.id == session_id)).one()
    token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    session.add(
        RefreshToken(
            id=uuid7(),
            session_id=session_id,
            token_hash=hashed(token),
            created_at=now,
            expires_at=min(now + LIFETIME, ends_at),
        )
    )
    return token


def rotate(
    session: Session, token: str, now: datetime, *, address: str | None, request_id: str | None
) -> Rotated | None:
    """Exchanges a token for the next one, in the caller's write, which is committed even when the answer is None:
    unknown, expired, used before, or of a session that ended."""
    if not token.startswith(PREFIX) or len(token) > MAX_LENGTH:
        return None
    session_id = _use(session, hashed(token), now)
    if session_id is None:
        _end_if_stolen(session, hashed(token), now, address, request_id)
        return None
    opened = sessions.find_by_id(session, session_id)
    if opened is None or opened.kind != sessions.Kind.PROGRAM:
        return None
    opened.seen_at = opened.user.last_seen_at = now
    return Rotated(opened.id, opened.user_id, issue(session, opened.id, now))


def _use(session: Session, token_hash: str, now: datetime) -> UUID | None:
    """The session of a token that was good until this very statement: of many who ask at once, one gets it."""
    used = (
        update(RefreshToken)
        .where(RefreshToken.token_hash == token_hash, RefreshToken.used_at.is_(None), RefreshToken.expires_at > now)
        .values(used_at=now)
        .returning(RefreshToken.session_id)
    )
    return session.execute(used).scalar_one_or_none()


def _end_if_stolen(
    session: Session, token_hash: str, now: datetime, address: str | None, request_id: str | None
) -> None:
    """Two parties hold a token that was used before; which of them is the thief nobody can tell, so both have to sign
    in again (RFC 9700, 4.14.2)."""
    spent = session.scalars(select(RefreshToken).where(RefreshToken.token_hash == token_hash)).one_or_none()
    if spent is None or spent.used_at is None or _is_doubled(session, spent, now):
        return
    user = session.scalars(select(User).join(UserSession).where(UserSession.id == spent.session_id)).one()
    actor = Actor(user.account_id, user.id, user.email, address, request_id)
    audit.record(session, actor, "session.reuse", subject_id=spent.session_id, subject=user.email)
    sessions.end(session, spent.session_id)


def _is_doubled(session: Session, spent: RefreshToken, now: datetime) -> bool:
    """Whether a client just asked twice: two tabs that woke up together, or a retry of an answer that got lost. That
    must not sign anybody out. A thief gains nothing by it, since the second one who asks gets no token either; and
    once the first one has gone on to use the token that followed, the grace is over."""
    assert spent.used_at is not None
    went_on = exists().where(
        RefreshToken.session_id == spent.session_id,
        RefreshToken.created_at >= spent.used_at,
        RefreshToken.id != spent.id,
        RefreshToken.used_at.is_not(None),
    )
    return now - spent.used_at <= DOUBLED_WITHIN and not session.scalar(select(went_on))
