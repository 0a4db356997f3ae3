"""The verbs of proving once more who one is."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.models import User, UserSession
from app.accounts.second_factor import accepting
from app.accounts.second_factor.accepting import Verdict
from app.accounts.sign_in import Verified, WrongCredentials
from app.core.access import Actor
from app.core.errors import N_
from app.core.ratelimit import Limit

PER_DAY = Limit("confirm", 10, 86_400)  # facts/security.md §4: tries of a sudo window
WRONG_PASSWORD = N_("This is not your password.")


def by_password(session: Session, actor: Actor, session_id: UUID, verified: Verified, now: datetime) -> None:
    """The session counts as confirmed. Raises WrongCredentials when the password was changed since it was verified."""
    user = session.get_one(User, verified.user_id, populate_existing=True)
    if user.id != actor.user_id or not user.is_active or user.password_hash != verified.old_hash:
        raise WrongCredentials(user.id)
    _confirm(session, actor, session_id, now)


def by_code(session: Session, actor: Actor, session_id: UUID, code: str, now: datetime) -> Verdict:
    """The session counts as confirmed when the code is taken. Reserve `accepting.tries` before."""
    verdict = accepting.accept(session, actor, code, now)
    if verdict is Verdict.TAKEN:
        _confirm(session, actor, session_id, now)
    return verdict


def record_refusal(session: Session, actor: Actor) -> None:
    """Somebody with a living session did not know the password."""
    audit.record(session, actor, "password.refused", subject_id=actor.user_id, subject=actor.name)


def _confirm(session: Session, actor: Actor, session_id: UUID, now: datetime) -> None:
    mine = (UserSession.id == session_id, UserSession.user_id == actor.user_id)
    session.execute(update(UserSession).where(*mine).values(confirmed_at=now))
    audit.record(session, actor, "session.confirmed")
