"""Who comes back from a provider: known, a newcomer, or turned away in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.accounts import audit, people
from app.accounts.models import User, UserSession
from app.accounts.sign_in import Caller
from app.accounts.social import service
from app.accounts.social.flow import LIFETIME
from app.accounts.social.providers import Identity, Provider
from app.core import clock
from app.core.access import Actor
from app.core.errors import N_, AppError, Invalid

NEWCOMER = "newcomer"  # in the browser's signed form session
NOT_FINISHED = N_("You did not finish at %(provider)s.")
ANOTHER_SESSION = N_("You were signed out meanwhile, or signed in again. Try once more.")
UNKNOWN = N_(
    "No account here is linked with this %(provider)s account. Sign in with your password and link it in your profile, "
    "or ask your administrator for an invitation."
)
TAKEN = N_(
    "Somebody here already has the address of this %(provider)s account. Sign in with your password, and link it in "
    "your profile."
)
UNVERIFIED = N_(
    "%(provider)s does not confirm that the address is yours, so it cannot open an account. If you have one, sign in "
    "with your password and link it in your profile."
)
NOT_YOU = N_("This %(provider)s account is not the one that you are linked with.")


class Refused(AppError):
    """Nobody comes in by this. The message has `%(provider)s` in it."""

    status = 403


def find(session: Session, whom: Identity, *, is_open: bool) -> User | None:
    """The person who linked this identity; None for a newcomer, where they may come. Raises Refused.

    Who was disabled hears what an unknown person hears. That an address is known is told only to who controls it."""
    found = service.find_login(session, whom)
    if found is not None:
        user = session.get_one(User, found.user_id)
        if not user.is_active:
            raise Refused(UNKNOWN)
        return user
    if whom.is_email_verified and service.is_taken(session, whom):
        raise Refused(TAKEN)
    if not is_open:
        raise Refused(UNKNOWN)
    if not whom.is_email_verified or not _is_email(whom.email):
        raise Refused(UNVERIFIED)
    return None


def confirm(session: Session, actor: Actor, session_id: UUID | None, whom: Identity) -> None:
    """Notes in the actor's session that they just proved who they are. Raises Refused."""
    found = service.find_login(session, whom)
    opened = session.get(UserSession, session_id) if session_id is not None else None
    if found is None or opened is None or found.user_id != actor.user_id or opened.user_id != actor.user_id:
        raise Refused(NOT_YOU)
    opened.confirmed_at = clock.now()
    audit.record(session, actor, "session.confirmed", subject_id=opened.id, subject=whom.provider)


def record(session: Session, caller: Caller, whom: Identity, user_id: UUID) -> None:
    """By which provider somebody comes in; the session that follows has an entry of its own."""
    user = session.get_one(User, user_id)
    audit.record(session, caller.acting_as(user), "social.used", subject_id=user_id, subject=whom.provider)


def to_cookie(whom: Identity, now: datetime) -> dict[str, Any]:
    """What the page that asks for the company needs to know, in the browser's own signed cookie."""
    return {
        "provider": str(whom.provider),
        "subject": whom.subject,
        "email": whom.email,
        "name": whom.name,
        "at": int(now.timestamp()),
    }


def from_cookie(kept: Any, now: datetime) -> Identity | None:
    """The newcomer again; None when there is none, or it was too long ago."""
    if not isinstance(kept, dict) or not -1 <= now.timestamp() - kept["at"] <= LIFETIME.total_seconds():
        return None
    email = people.checked_email(kept["email"])
    return Identity(Provider(kept["provider"]), kept["subject"], email, True, kept["name"])


def _is_email(email: str | None) -> bool:
    try:
        return bool(people.checked_email(email or ""))
    except Invalid:
        return False
