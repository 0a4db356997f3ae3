"""Confirming an address: the account opens to whoever has both the link in its mail and the password that was typed.

The link alone is not enough: a stranger may have registered somebody else's address, and would have chosen the password
of the account that its owner opens."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from app.accounts import audit, one_time, passwords, people
from app.accounts.joining import limits
from app.accounts.joining.links import GONE
from app.accounts.joining.models import Registration
from app.accounts.models import Account, User
from app.accounts.roles import Role
from app.accounts.sign_in import Caller
from app.core import clock
from app.core.access import Actor
from app.core.errors import N_, Conflict, Invalid, NotFound
from app.core.ratelimit import RateLimiter

TAKEN = N_("Meanwhile somebody else signs in with this address. Sign in, or ask for a new password.")
WRONG = N_(
    "This is not the password that was typed at registration. Not your password? Then somebody else registered your "
    "address: register again yourself."
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the link of a registration is about."""

    account_name: str
    name: str
    email: str
    password_hash: str


def find(session: Session, token: str) -> Waiting:
    """Raises NotFound for a link that does not work."""
    kept = Registration.name, Registration.email, Registration.password_hash
    joined = select(Account.name, *kept).join(Account, Account.id == Registration.account_id)
    found = session.execute(joined.where(*_living(token))).one_or_none()
    if found is None:
        raise NotFound(GONE)
    return Waiting(*found)


def prove(session: Session, throttle: RateLimiter, token: str, password: str, address: str | None) -> str:
    """The hash of the password that was right, for `complete`. Slow: before the write. Every try is counted before it
    is judged; a good one is given back. Raises NotFound, TooMany, and Invalid for a wrong password."""
    waiting = find(session, token)
    session.rollback()  # hashing takes a while; no read transaction waits for it
    tries = limits.confirming(one_time.hash_of(token), address)
    throttle.reserve(tries)
    if not passwords.verify(waiting.password_hash, password):
        raise Invalid({"password": [WRONG]})
    throttle.give_back(tries)
    return waiting.password_hash


def complete(session: Session, token: str, proven_hash: str, caller: Caller) -> User:
    """Uses the link up: the account's administrator. Raises NotFound, also when the registration got another password
    since `prove`, and Conflict when the address was taken."""
    same = *_living(token), Registration.password_hash == proven_hash
    kept = Registration.account_id, Registration.email, Registration.name, Registration.locale
    used = delete(Registration).where(*same)  # one statement: of two who follow the same link, one gets it
    row = session.execute(used.returning(*kept)).one_or_none()
    if row is None:
        raise NotFound(GONE)
    account = session.get_one(Account, row.account_id)
    actor = Actor(account.id, None, row.email, caller.address, caller.request_id)
    audit.record(session, actor, "account.created", subject_id=account.id, subject=account.name)
    try:
        return people.create(
            session,
            account,
            actor,
            email=row.email,
            name=row.name,
            role=Role.ADMIN,
            password_hash=proven_hash,
            locale=row.locale,
        )
    except Invalid:
        raise Conflict(TAKEN) from None


def _living(token: str) -> tuple[ColumnElement[bool], ...]:
    return Registration.token_hash == one_time.hash_of(token), Registration.expires_at > clock.now()
