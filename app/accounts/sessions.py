"""Who is signed in: a random token in a browser's cookie, or a program's refresh tokens; only hashes in the database,
so that a session can be ended."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Engine, and_, delete, select, update
from sqlalchemy.orm import Session, contains_eager, joinedload

from app.accounts.models import User, UserSession
from app.accounts.roles import Role
from app.core import clock
from app.core.db import begin_write
from app.core.ids import uuid7
from app.core.settings import Settings

IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(days=7)
ABSOLUTE_ADMIN = timedelta(hours=12)
ABSOLUTE_PROGRAM = timedelta(days=90)  # each refresh token alone lives shorter
SEEN_EVERY = timedelta(minutes=1)  # a page view is not a write
TOKEN_BYTES = 32
MAX_TOKEN_LENGTH = 64


class Kind(StrEnum):
    BROWSER = "browser"
    PROGRAM = "program"  # by access and refresh tokens


def cookie_name(settings: Settings) -> str:
    """`__Host-` lets no subdomain and no plain-http page set the cookie; browsers accept it only over TLS."""
    return "__Host-kalitrack_session" if settings.serves_tls else "kalitrack_session"


def open_session(
    session: Session, user: User, *, ip_address: str | None, user_agent: str | None, kind: Kind = Kind.BROWSER
) -> tuple[UserSession, str]:
    """A new session of somebody who just proved who they are, and its token, which nobody sees again (a program's is
    never given out). Ended ones of this person are swept on the way."""
    now = clock.now()
    session.execute(delete(UserSession).where(UserSession.user_id == user.id, UserSession.expires_at <= now))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    opened = UserSession(
        id=uuid7(),
        token_hash=hashed(token),
        user_id=user.id,
        kind=kind,
        created_at=now,
        seen_at=now,
        confirmed_at=now,
        expires_at=now + (ABSOLUTE_PROGRAM if kind is Kind.PROGRAM else absolute_lifetime(user.role)),
        ip_address=ip_address,
        user_agent=(user_agent or "")[:255] or None,
    )
    session.add(opened)
    return opened, token


def find_by_token(session: Session, token: str) -> UserSession | None:
    """The living session of a browser's token, with its user and account; None when unknown, ended, idle or
    disabled."""
    if not token or len(token) > MAX_TOKEN_LENGTH:
        return None
    return _living(session, and_(UserSession.token_hash == hashed(token), UserSession.kind == Kind.BROWSER))


def find_by_id(session: Session, id_: UUID) -> UserSession | None:
    """The living session of an id: how an access token dies with its session."""
    return _living(session, UserSession.id == id_)


def end(session: Session, id_: UUID) -> None:
    session.execute(delete(UserSession).where(UserSession.id == id_))


def end_all(session: Session, user_id: UUID, keeps: UUID | None = None) -> int:
    """Ends every session of a person (password, role or e-mail changed, disabled), but `keeps`; how many there were."""
    theirs = delete(UserSession).where(UserSession.user_id == user_id)
    if keeps is not None:
        theirs = theirs.where(UserSession.id != keeps)
    return len(session.execute(theirs.returning(UserSession.id)).all())


def is_seen_due(opened: UserSession) -> bool:
    return clock.now() - opened.seen_at >= SEEN_EVERY


def note_seen(engine: Engine, id_: UUID, user_id: UUID) -> None:
    """Notes that the session is in use; the caller asks `is_seen_due` first."""
    now = clock.now()
    with begin_write(engine) as connection:
        connection.execute(update(UserSession).where(UserSession.id == id_).values(seen_at=now))
        connection.execute(update(User).where(User.id == user_id).values(last_seen_at=now))


def absolute_lifetime(role: str) -> timedelta:
    return ABSOLUTE_ADMIN if role == Role.ADMIN else ABSOLUTE


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _living(session: Session, condition: object) -> UserSession | None:
    statement = (
        select(UserSession)
        .join(UserSession.user)
        .options(contains_eager(UserSession.user).options(joinedload(User.account)))
        .where(condition)  # type: ignore[arg-type]
    )
    found = session.scalars(statement).one_or_none()
    return found if found is not None and is_living(found, clock.now()) else None


def is_living(opened: UserSession, now: datetime) -> bool:
    is_idle = opened.kind == Kind.BROWSER and now - opened.seen_at >= IDLE
    return opened.user.is_active and now < opened.expires_at and not is_idle
