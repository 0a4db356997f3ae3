"""Another password, by somebody who is signed in and knows the present one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.accounts import people, sign_in
from app.accounts.joining import letters
from app.accounts.models import User
from app.accounts.sign_in import Verified, WrongCredentials
from app.core import mail
from app.core.access import Actor
from app.core.errors import N_, Invalid
from app.core.mail import Letter
from app.core.ratelimit import RateLimiter
from app.core.settings import Settings

SAME_PASSWORD = N_("This is your present password. Choose another one.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A right present password, and the new one judged and hashed, with the letter that tells of it."""

    verified: Verified
    password_hash: str
    letter: Letter


def judge(
    session: Session, throttle: RateLimiter, settings: Settings, actor: Actor, user: User, present: str, wanted: str
) -> Wanted:
    """Slow: before the write. Raises WrongCredentials, Invalid and TooMany."""
    locale, personal = user.locale, (user.email, user.name, user.account.name)
    verified = sign_in.verify(session, throttle, email=actor.name, password=present, address=actor.ip_address)
    if wanted == present:
        raise Invalid({"password": [SAME_PASSWORD]})
    password_hash = people.new_password_hash(wanted, *personal)
    return Wanted(verified, password_hash, letters.password_changed(settings, locale))


def change(session: Session, actor: Actor, wanted: Wanted) -> User:
    """Sets the hash, ends every session of the person and writes to them. Raises WrongCredentials when the password was
    changed, or the person disabled, since it was verified."""
    user = session.get_one(User, wanted.verified.user_id, populate_existing=True)
    if not user.is_active or user.password_hash != wanted.verified.old_hash:
        raise WrongCredentials(user.id)
    people.set_password(session, user, wanted.password_hash, actor)
    mail.post(session.connection(), user.account_id, user.email, wanted.letter, letters.news_expire_at())
    return user
