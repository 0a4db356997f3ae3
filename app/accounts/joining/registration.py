"""Asking for an account, as anybody may; it opens in `confirmation`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import one_time, passwords, people
from app.accounts.joining import asking, letters, limits
from app.accounts.joining.models import Registration
from app.accounts.models import Account
from app.accounts.sign_in import Caller, find_user
from app.core import clock, mail
from app.core.errors import N_, Forbidden
from app.core.ids import uuid7
from app.core.mail import Letter
from app.core.ratelimit import RateLimiter
from app.core.settings import Settings

LASTS = timedelta(hours=24)
CLOSED = N_("This service takes no new companies. People come by invitation: ask your administrator for one.")
ASKED = N_("We wrote to this address. Follow the link in the message within 24 hours.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody typed. No role and no account: whoever registers is the administrator of a new one."""

    account_name: str
    name: str
    email: str
    password: str
    locale: str | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that takes time about a registration, done before the write. `is_known`: the letter is for the owner of the
    address."""

    wanted: Wanted
    email: str
    password_hash: str
    token_hash: str
    letter: Letter
    is_known: bool


def check_open(settings: Settings) -> None:
    """Raises Forbidden where nobody registers."""
    if settings.registration != "open":
        raise Forbidden(CLOSED)


def prepare(
    session: Session, throttle: RateLimiter, settings: Settings, wanted: Wanted, address: str | None
) -> Prepared:
    """Judges, counts, hashes and renders, for known addresses as for unknown ones. Raises Forbidden, Invalid and
    TooMany."""
    check_open(settings)
    email = people.checked_email(wanted.email)
    people.refuse_weak(wanted.password, email, wanted.name, wanted.account_name)
    throttle.reserve(limits.registering(email, address))
    password_hash = passwords.hash_password(wanted.password)
    token, token_hash = one_time.new_token()
    owner = find_user(session, email)
    if owner is not None:
        letter = letters.already_here(settings, owner.locale)
    else:
        letter = letters.verify(settings, wanted.locale, token)
    return Prepared(wanted, email, password_hash, token_hash, letter, owner is not None)


def ask(session: Session, prepared: Prepared, timezone: str, caller: Caller) -> None:
    """Keeps the wish and has its letter sent; to the owner of the address where there is one. `timezone` is that of the
    new account."""
    owner = find_user(session, prepared.email)
    asking.record(session, caller, "registration.asked", owner)
    if owner is None and not prepared.is_known:
        waiting = _keep(session, prepared, timezone)
        mail.post(session.connection(), waiting.account_id, waiting.email, prepared.letter, waiting.expires_at)
    elif owner is not None and prepared.is_known and owner.is_active:
        mail.post(session.connection(), owner.account_id, owner.email, prepared.letter, letters.news_expire_at())


@dataclass(frozen=True, slots=True)
class Again:
    """Another letter, rendered before the write."""

    email: str
    token_hash: str
    letter: Letter


def prepare_again(
    session: Session, throttle: RateLimiter, settings: Settings, email: str, address: str | None
) -> Again:
    """Raises Forbidden, Invalid and TooMany."""
    check_open(settings)
    email = people.checked_email(email)
    throttle.reserve(limits.sending_again(email, address))
    waiting = _waiting(session, email)
    token, token_hash = one_time.new_token()
    return Again(email, token_hash, letters.verify(settings, waiting.locale if waiting else None, token))


def ask_again(session: Session, again: Again, caller: Caller) -> None:
    """Another link to somebody who registered; the one before it stops working. Nothing where nobody did."""
    asking.record(session, caller, "registration.resent", None)
    waiting = _waiting(session, again.email)
    if waiting is None:
        return
    waiting.token_hash, waiting.expires_at = again.token_hash, clock.now() + LASTS
    mail.post(session.connection(), waiting.account_id, again.email, again.letter, waiting.expires_at)


def _keep(session: Session, prepared: Prepared, timezone: str) -> Registration:
    """One wait for an address: a second wish takes the place of the first, in the same empty account."""
    wanted, now = prepared.wanted, clock.now()
    waiting = _waiting(session, prepared.email)
    if waiting is None:
        account = Account(id=uuid7(), name=wanted.account_name, timezone=timezone, created_at=now)
        session.add(account)
        session.flush()
        waiting = Registration(id=uuid7(), account_id=account.id, email=prepared.email)
        session.add(waiting)
    else:
        session.get_one(Account, waiting.account_id).name = wanted.account_name
    waiting.name, waiting.locale = wanted.name, wanted.locale
    waiting.password_hash, waiting.token_hash = prepared.password_hash, prepared.token_hash
    waiting.created_at, waiting.expires_at = now, now + LASTS
    session.flush()  # the letter's row points to the account
    return waiting


def _waiting(session: Session, email: str) -> Registration | None:
    newest = select(Registration).where(Registration.email == email).order_by(Registration.id.desc()).limit(1)
    return session.scalars(newest).one_or_none()
