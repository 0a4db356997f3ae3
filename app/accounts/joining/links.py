"""One-time links to people who are there: to a new password, to a new address."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from app.accounts import one_time
from app.accounts.joining.models import MailedLink, Purpose
from app.accounts.models import User
from app.core import clock
from app.core.errors import N_, NotFound
from app.core.ids import uuid7

GONE = N_("This link does not work any more: it was used, replaced by a newer one, or is too old.")


def issue(
    session: Session, user_id: UUID, purpose: Purpose, token_hash: str, lasts: timedelta, email: str | None = None
) -> None:
    """Keeps a link; the one before it, for the same purpose, stops working."""
    session.execute(delete(MailedLink).where(MailedLink.user_id == user_id, MailedLink.purpose == purpose))
    now = clock.now()
    session.add(
        MailedLink(
            id=uuid7(),
            user_id=user_id,
            purpose=purpose,
            email=email,
            token_hash=token_hash,
            created_at=now,
            expires_at=now + lasts,
        )
    )


def find(session: Session, purpose: Purpose, token: str) -> tuple[User, str | None]:
    """Whose link it is, and the new address of one that has it. Raises NotFound for one that does not work."""
    living = _living(purpose, token)
    row = session.execute(select(User, MailedLink.email).join(User, User.id == MailedLink.user_id).where(*living))
    found = row.one_or_none()
    if found is None or not found[0].is_active:
        raise NotFound(GONE)
    return found[0], found[1]


def take(session: Session, purpose: Purpose, token: str) -> tuple[User, str | None]:
    """Uses a link up, with every other link of that person: of two people with the same one, one gets it. Raises
    NotFound."""
    taken = delete(MailedLink).where(*_living(purpose, token)).returning(MailedLink.user_id, MailedLink.email)
    row = session.execute(taken).one_or_none()
    user = session.get_one(User, row.user_id, populate_existing=True) if row is not None else None
    if row is None or user is None or not user.is_active:
        raise NotFound(GONE)
    end_all(session, user.id)
    return user, row.email


def end_all(session: Session, user_id: UUID) -> None:
    """Ends the links of a person whose password or address was changed (security.md 10)."""
    session.execute(delete(MailedLink).where(MailedLink.user_id == user_id))


def _living(purpose: Purpose, token: str) -> tuple[ColumnElement[bool], ...]:
    return (
        MailedLink.token_hash == one_time.hash_of(token),
        MailedLink.purpose == purpose,
        MailedLink.expires_at > clock.now(),
    )
