"""The people of an account, as owners of cards."""

from __future__ import annotations

from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User


def names(session: Session, account_id: UUID) -> dict[UUID, str]:
    """Everybody, by name."""
    found = select(User.id, User.name, User.email).where(User.account_id == account_id).order_by(User.name, User.email)
    return {row.id: row.name or row.email for row in session.execute(found)}


def name_of(people: dict[UUID, str], owner_id: UUID | None) -> str:
    """In words, also nobody, and somebody who is not with the account any more."""
    if owner_id is None:
        return str(_("Nobody"))
    return people.get(owner_id) or str(_("Somebody who left"))
