"""Another address to sign in with: asked for by the person, confirmed by whoever reads its mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit, one_time, people
from app.accounts.joining import letters, limits, links
from app.accounts.joining.models import MailedLink, Purpose
from app.accounts.models import User
from app.accounts.sign_in import Caller, find_user
from app.core import clock, mail
from app.core.access import Actor
from app.core.errors import N_, Invalid
from app.core.mail import Letter
from app.core.ratelimit import RateLimiter
from app.core.settings import Settings

LASTS = timedelta(hours=24)
SAME = N_("You sign in with this address already.")
ASKED = N_("We wrote to the new address. Follow the link in the message within 24 hours; until then nothing changes.")


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that takes time about a change of address, done before the write: the letter to the new one, or to whoever
    has it (`is_taken`), and the news to the present one."""

    email: str
    token_hash: str
    letter: Letter
    news: Letter
    is_taken: bool


def prepare(session: Session, throttle: RateLimiter, settings: Settings, user: User, email: str) -> Prepared:
    """Judges, counts and renders, whether somebody has the address or not. Raises Invalid and TooMany."""
    email = people.checked_email(email)
    if email == user.email:
        raise Invalid({"email": [SAME]})
    throttle.reserve(limits.moving(user.id, email))
    token, token_hash = one_time.new_token()
    owner = find_user(session, email)
    if owner is not None:
        letter = letters.email_taken(settings, owner.locale)
    else:
        letter = letters.new_email(settings, user.locale, token)
    return Prepared(email, token_hash, letter, letters.email_wanted(user.locale), owner is not None)


def ask(session: Session, actor: Actor, prepared: Prepared) -> None:
    """Keeps the link and sends both letters. Whoever asks learns nothing about who has the address."""
    user = session.get_one(User, actor.user_id)
    owner = find_user(session, prepared.email)
    links.issue(session, user.id, Purpose.NEW_EMAIL, prepared.token_hash, LASTS, prepared.email)
    audit.record(session, actor, "email.wanted", subject_id=user.id, subject=user.email)
    connection = session.connection()
    mail.post(connection, user.account_id, user.email, prepared.news, letters.news_expire_at())
    if owner is None and not prepared.is_taken:
        mail.post(connection, user.account_id, prepared.email, prepared.letter, clock.now() + LASTS)
    elif owner is not None and prepared.is_taken and owner.is_active:
        mail.post(connection, owner.account_id, owner.email, prepared.letter, letters.news_expire_at())


def awaited(session: Session, user_id: UUID) -> str | None:
    """The address that waits to be confirmed."""
    waiting = (
        MailedLink.user_id == user_id,
        MailedLink.purpose == Purpose.NEW_EMAIL,
        MailedLink.expires_at > clock.now(),
    )
    return session.scalars(select(MailedLink.email).where(*waiting)).one_or_none()


def find(session: Session, token: str) -> str:
    """The new address of a link. Raises NotFound."""
    return links.find(session, Purpose.NEW_EMAIL, token)[1] or ""


def confirm(session: Session, token: str, caller: Caller, keeps: UUID | None) -> None:
    """Uses the link up. Ends every session of the person but `keeps`. Raises NotFound, and Conflict when somebody else
    has the address by now."""
    user, email = links.take(session, Purpose.NEW_EMAIL, token)
    people.set_email(session, user, email or "", caller.acting_as(user), keeps)
