"""Signing in with e-mail and password: throttled, the same for known and unknown people, hashed outside of writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit, passwords, sessions
from app.accounts.models import Account, User, UserSession
from app.core import clock
from app.core.access import Actor
from app.core.errors import N_, AppError
from app.core.ratelimit import Limit, RateLimiter, Reserved

PER_PERSON = Limit("sign-in-person", 10, 300)
PER_ADDRESS = Limit("sign-in-address", 10, 300)
OVERALL = Limit("sign-in", 1000, 300)
MAX_EMAIL_LENGTH = 254
UNKNOWN = "unknown person"  # what was typed may be a password in the wrong field: never kept

WRONG = N_("E-mail address or password is wrong.")


class WrongCredentials(AppError):
    """Unknown, disabled, or a wrong password: nobody outside learns which."""

    status = 401

    def __init__(self, user_id: UUID | None = None) -> None:
        super().__init__(WRONG)
        self.user_id = user_id


@dataclass(frozen=True, slots=True)
class Verified:
    """A right password. `new_hash` when the parameters of hashing have changed since it was set."""

    user_id: UUID
    old_hash: str
    new_hash: str | None


def verify(session: Session, throttle: RateLimiter, *, email: str, password: str, address: str | None) -> Verified:
    """Checks a password outside of any write. Raises WrongCredentials and TooMany. Every attempt is counted before it
    is judged; a good one is given back, so that only failures add up."""
    email = normal_email(email)
    limits = _limits(email, address)
    throttle.reserve(limits)
    user = find_user(session, email)
    stored = user.password_hash if user is not None and user.is_active else None
    user_id = user.id if user is not None else None
    session.rollback()  # hashing takes a while; no read transaction waits for it
    if not passwords.verify(stored, password) or stored is None or user_id is None:
        raise WrongCredentials(user_id)
    throttle.give_back(limits)
    return Verified(user_id, stored, passwords.hash_password(password) if passwords.needs_rehash(stored) else None)


def open_session(
    session: Session,
    verified: Verified,
    *,
    address: str | None,
    request_id: str | None,
    user_agent: str | None,
    kind: sessions.Kind = sessions.Kind.BROWSER,
    replaces: UUID | None = None,
) -> tuple[UserSession, str]:
    """A new session in the caller's write, with its token; `replaces` is one that this browser had. Reads the person
    again: disabled, or given another password meanwhile, is WrongCredentials."""
    user = session.get_one(User, verified.user_id)
    if not user.is_active or user.password_hash != verified.old_hash:
        raise WrongCredentials(user.id)
    if verified.new_hash is not None:
        user.password_hash = verified.new_hash
    if replaces is not None:
        sessions.end(session, replaces)
    user.last_seen_at = clock.now()
    audit.record(session, Actor(user.account_id, user.id, user.email, address, request_id), "session.started")
    return sessions.open_session(session, user, ip_address=address, user_agent=user_agent, kind=kind)


def record_failure(session: Session, user_id: UUID | None, address: str | None, request_id: str | None) -> None:
    """One audit row for every failure, so that known and unknown people take the same time too."""
    user = session.get(User, user_id) if user_id is not None else None
    if user is not None:
        actor = Actor(user.account_id, user.id, user.email, address, request_id)
    else:
        actor = Actor(first_account(session).id, None, UNKNOWN, address, request_id)
    audit.record(session, actor, "session.refused")


def find_user(session: Session, email: str) -> User | None:
    if len(email) > MAX_EMAIL_LENGTH or "\0" in email:
        return None
    return session.scalars(select(User).where(User.email == email)).one_or_none()


def first_account(session: Session) -> Account:
    """The account that the migration made: that of the set-up link, TRACKING_TOKEN and unnamed images."""
    return session.scalars(select(Account).order_by(Account.created_at, Account.id).limit(1)).one()


def normal_email(email: str) -> str:
    return email.strip().lower()


def _limits(email: str, address: str | None) -> Sequence[Reserved]:
    return ((PER_ADDRESS, address or ""), (PER_PERSON, email), (OVERALL, ""))
