"""The verbs of a person's own page."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

from sqlalchemy.orm import Session

from app.accounts import audit, people, sessions
from app.accounts.models import User
from app.accounts.sign_in import Verified, WrongCredentials
from app.core.access import Actor
from app.core.errors import N_

WRONG_PASSWORD = N_("This is not your present password.")
SAME_PASSWORD = N_("This is your present password. Choose another one.")


@dataclass(frozen=True, slots=True)
class Choices:
    """What people decide about themselves. `timezone` None: the account's."""

    name: str
    locale: str
    theme: str
    timezone: str | None


CHOSEN = tuple(field.name for field in fields(Choices))


def update(session: Session, actor: Actor, chosen: Choices) -> None:
    """Changes the actor's own row; nothing changed leaves no trace."""
    user = session.get_one(User, actor.user_id)
    changes = audit.changed(audit.values_of(user, CHOSEN), asdict(chosen))
    if not changes:
        return
    for name in changes:
        setattr(user, name, getattr(chosen, name))
    audit.record(session, actor, "user.updated", subject_id=user.id, subject=user.email, changes=changes)


def change_password(
    session: Session, actor: Actor, verified: Verified, password_hash: str, *, user_agent: str | None
) -> str:
    """Sets the hash, ends every session of the person and opens one for this browser, whose token is the answer.
    Raises WrongCredentials when the password was changed, or the person disabled, since it was verified."""
    user = session.get_one(User, verified.user_id)
    if not user.is_active or user.password_hash != verified.old_hash:
        raise WrongCredentials(user.id)
    people.set_password(session, user, password_hash, actor)
    _opened, token = sessions.open_session(session, user, ip_address=actor.ip_address, user_agent=user_agent)
    return token


def record_refusal(session: Session, actor: Actor) -> None:
    """Somebody at a signed-in browser did not know the password."""
    audit.record(session, actor, "password.refused", subject_id=actor.user_id, subject=actor.name)
