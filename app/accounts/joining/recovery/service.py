"""The verbs of forgetting: ask for a link, choose a new password with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from app.accounts import one_time, people
from app.accounts.joining import asking, letters, limits, links
from app.accounts.joining.models import Purpose
from app.accounts.models import User
from app.accounts.sign_in import Caller, find_user
from app.core import clock, mail
from app.core.errors import N_
from app.core.mail import Letter
from app.core.ratelimit import RateLimiter
from app.core.settings import Settings

LASTS = timedelta(minutes=60)
ASKED = N_("If somebody signs in with this address, we wrote to it. Follow the link in the message within 60 minutes.")


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that takes time about a letter, done before the write."""

    email: str
    token_hash: str
    letter: Letter


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that was judged and hashed, and the letter that tells of it."""

    password_hash: str
    letter: Letter


def prepare(session: Session, throttle: RateLimiter, settings: Settings, email: str, address: str | None) -> Prepared:
    """Counts and renders, for known addresses as for unknown ones. Raises Invalid and TooMany."""
    email = people.checked_email(email)
    throttle.reserve(limits.forgetting(email, address))
    token, token_hash = one_time.new_token()
    user = find_user(session, email)
    return Prepared(email, token_hash, letters.reset(settings, user.locale if user else None, token))


def ask(session: Session, prepared: Prepared, caller: Caller) -> None:
    """Sends the link to who signs in with the address; nobody else learns whether somebody does."""
    user = find_user(session, prepared.email)
    asking.record(session, caller, "password.forgotten", user)
    if user is None or not user.is_active:
        return
    links.issue(session, user.id, Purpose.RESET, prepared.token_hash, LASTS)
    mail.post(session.connection(), user.account_id, user.email, prepared.letter, clock.now() + LASTS)


def find(session: Session, token: str) -> User:
    """Whose password a link changes. Raises NotFound."""
    return links.find(session, Purpose.RESET, token)[0]


def judge(session: Session, settings: Settings, token: str, password: str) -> NewPassword:
    """Slow: before the write. Raises NotFound for a link that does not work, and Invalid."""
    user = find(session, token)
    locale, personal = user.locale, (user.email, user.name, user.account.name)
    session.rollback()  # hashing takes a while; no read transaction waits for it
    return NewPassword(people.new_password_hash(password, *personal), letters.password_changed(settings, locale))


def reset(session: Session, token: str, chosen: NewPassword, caller: Caller) -> None:
    """Uses the link up and ends every session, of browsers and programs. Opens none: the person signs in, with their
    second factor where they have one. Raises NotFound."""
    user, _ = links.take(session, Purpose.RESET, token)
    people.set_password(session, user, chosen.password_hash, caller.acting_as(user), "password.reset")
    mail.post(session.connection(), user.account_id, user.email, chosen.letter, letters.news_expire_at())
