"""Signing in: a password (or a provider's word), throttled and the same for known and unknown people, then a code where
there is a second factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit, passwords, sessions
from app.accounts.models import Account, User, UserSession
from app.accounts.second_factor import accepting, pending
from app.accounts.second_factor import service as second_factor
from app.accounts.second_factor.accepting import Verdict
from app.core import clock
from app.core.access import Actor
from app.core.errors import N_, AppError
from app.core.ratelimit import Limit, RateLimiter, Reserved
from app.core.runtime import runtime

PER_PERSON = Limit("sign-in-person", 10, 300)
PER_ADDRESS = Limit("sign-in-address", 10, 300)  # the amount is SIGN_IN_FAILURES
OVERALL = Limit("sign-in", 1000, 300)
MAX_EMAIL_LENGTH = 254
UNKNOWN = "unknown person"  # what was typed may be a password in the wrong field: never kept

WRONG = N_("E-mail address or password is wrong.")
SAY_CODE = N_("A code of the second factor is needed, too.")
SET_UP_FIRST = N_("Your role needs a second factor: set one up in the browser first")


class WrongCredentials(AppError):
    """Unknown, disabled, or a wrong password: nobody outside learns which."""

    status = 401

    def __init__(self, user_id: UUID | None = None) -> None:
        super().__init__(WRONG)
        self.user_id = user_id


class CodeRequired(AppError):
    """The password is right; the code of the second factor is missing, wrong or used already."""

    status = 401

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or SAY_CODE, extra={"codeRequired": True})


class FactorMissing(AppError):
    """The account wants a second factor of people of this role, and this one has none yet."""

    status = 403

    def __init__(self) -> None:
        super().__init__(SET_UP_FIRST, extra={"secondFactorRequired": True})


@dataclass(frozen=True, slots=True)
class Caller:
    """From where somebody signs in; `identity.caller()` has that of this request."""

    address: str | None
    request_id: str | None
    user_agent: str | None

    def acting_as(self, user: User) -> Actor:
        return Actor(user.account_id, user.id, user.email, self.address, self.request_id)


@dataclass(frozen=True, slots=True)
class Verified:
    """Whose password (or provider) was right. `old_hash` is the person's `password_hash` at that time, None for people
    without a password; `new_hash` when the parameters of hashing have changed since it was set."""

    user_id: UUID
    old_hash: str | None
    new_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A session, and the token of its cookie."""

    session: UserSession
    token: str


@dataclass(frozen=True, slots=True)
class Pending:
    """A code is awaited; the token of the cookie with which the browser waits."""

    token: str


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


def proceed(session: Session, verified: Verified, caller: Caller, *, replaces: UUID | None = None) -> Opened | Pending:
    """What follows in a browser, in the caller's write, on a right password and on a provider's word alike (then
    `Verified(user.id, user.password_hash)`): a session, or a wait for the code of the second factor. `caller` is
    `identity.caller()`, `replaces` a session that this browser had; `identity.let_in(outcome, target)` answers.
    Reads the person again: disabled, or given another password meanwhile, is WrongCredentials."""
    user = _still(session, verified)
    if second_factor.is_on(session, user.id):
        return Pending(pending.begin(session, user, clock.now()))
    if replaces is not None:
        sessions.end(session, replaces)
    return _open(session, user, caller)


def finish(
    session: Session, token: str, code: str, caller: Caller, *, replaces: UUID | None = None
) -> Opened | Verdict:
    """The session of a browser that waited with `token`, in the caller's write, or why there is none. Reserve
    `accepting.tries` before. Raises WrongCredentials when the wait is over."""
    now = clock.now()
    user = pending.find(session, token, now)
    if user is None:
        raise WrongCredentials
    verdict = accepting.accept(session, caller.acting_as(user), code, now)
    if verdict is not Verdict.TAKEN:
        return verdict
    if not pending.end(session, token):
        raise WrongCredentials(user.id)
    if replaces is not None:
        sessions.end(session, replaces)
    return _open(session, user, caller)


def open_program(session: Session, verified: Verified, code: str, caller: Caller) -> Opened | Verdict:
    """The session of a program that says password and code at once, or why there is none. Raises WrongCredentials and
    FactorMissing."""
    user = _still(session, verified)
    if second_factor.is_on(session, user.id):
        verdict = accepting.accept(session, caller.acting_as(user), code, clock.now())
        if verdict is not Verdict.TAKEN:
            return verdict
    elif second_factor.is_required(user):
        raise FactorMissing
    return _open(session, user, caller, sessions.Kind.PROGRAM)


def _still(session: Session, verified: Verified) -> User:
    """The person, who is still who was verified."""
    user = session.get_one(User, verified.user_id, populate_existing=True)
    if not user.is_active or user.password_hash != verified.old_hash:
        raise WrongCredentials(user.id)
    if verified.new_hash is not None:
        user.password_hash = verified.new_hash
        session.flush()
    return user


def _open(session: Session, user: User, caller: Caller, kind: sessions.Kind = sessions.Kind.BROWSER) -> Opened:
    user.last_seen_at = clock.now()
    audit.record(session, caller.acting_as(user), "session.started")
    opened, token = sessions.open_session(
        session, user, ip_address=caller.address, user_agent=caller.user_agent, kind=kind
    )
    return Opened(opened, token)


def record_failure(session: Session, user_id: UUID | None, caller: Caller) -> None:
    """One audit row for every failure, so that known and unknown people take the same time too."""
    user = session.get(User, user_id) if user_id is not None else None
    if user is not None:
        actor = caller.acting_as(user)
    else:
        actor = Actor(first_account(session).id, None, UNKNOWN, caller.address, caller.request_id)
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
    per_address = replace(PER_ADDRESS, amount=runtime().settings.sign_in_failures)
    return ((PER_PERSON, email), (per_address, address or ""), (OVERALL, ""))
