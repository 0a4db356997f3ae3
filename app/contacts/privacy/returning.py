"""People who were forgotten and ask to come back: the list of the suppressed knows them by keyed hashes."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.accounts import audit
from app.contacts.consent import suppression
from app.contacts.consent.models import Suppression
from app.contacts.consent.states import Suppressed
from app.contacts.privacy import service
from app.core.access import Actor
from app.core.errors import NotFound
from app.core.privacy import Subject


def find_forgotten(session: Session, account_id: UUID, subject: Subject) -> list[str]:
    """The hashes of the person that keep them from being taken in again."""
    found = suppression.find(session.connection(), account_id, service.hashes_of(subject))
    return [hash_ for hash_, reasons in found.items() if Suppressed.ERASED in reasons.values()]


def lift(session: Session, actor: Actor, subject: Subject) -> int:
    """Lets a person come back who asked for it; what they refused stays refused. Raises NotFound when nothing was in
    their way."""
    theirs = (Suppression.account_id == actor.account_id) & Suppression.hash.in_(service.hashes_of(subject))
    gone = session.execute(delete(Suppression).where(theirs, Suppression.reason == Suppressed.ERASED))
    number: int = gone.rowcount  # type: ignore[attr-defined]
    if not number:
        raise NotFound
    audit.record(session, actor, "privacy.lifted", subject=service.hint(subject))
    return number
