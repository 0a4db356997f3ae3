"""The verbs of a person's own page."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.models import User
from app.core.access import Actor
from app.core.errors import N_

WRONG_PASSWORD = N_("This is not your present password.")
UNKNOWN_ZONE = N_("There is no such time zone. Choose one from the list, or leave it empty.")


@dataclass(frozen=True, slots=True)
class Choices:
    """What people decide about themselves. `timezone` None: the account's; the others None: never chosen."""

    name: str
    locale: str | None
    theme: str | None
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
    user.version += 1
    audit.record(session, actor, "user.updated", subject_id=user.id, subject=user.email, changes=changes)


def record_refusal(session: Session, actor: Actor) -> None:
    """Somebody at a signed-in browser did not know the password."""
    audit.record(session, actor, "password.refused", subject_id=actor.user_id, subject=actor.name)
