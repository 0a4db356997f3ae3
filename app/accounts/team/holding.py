"""A team held still while it changes, so that what is judged of it is still so when it is written."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account, User
from app.core.access import Actor
from app.core.errors import Forbidden

PERMISSION = "users.edit"


def hold(session: Session, actor: Actor) -> None:
    """Holds the actor's team until the end of this write, and asks again whether they may change it: of two
    administrators who demote each other at the same moment, the second finds that they are none any more. One row,
    so that no two wait for each other; foreign keys may still point at it. Raises Forbidden."""
    session.execute(select(Account.id).where(Account.id == actor.account_id).with_for_update(key_share=True))
    if actor.user_id is None:
        return  # the system's own
    me = person(session, actor, actor.user_id)
    if me is None or not me.is_active or PERMISSION not in me.permissions:
        raise Forbidden


def person(session: Session, actor: Actor, id_: UUID | None) -> User | None:
    """Somebody of the actor's team as they are now, whatever was read before the team was held."""
    found = select(User).where(User.id == id_, User.account_id == actor.account_id)
    return session.scalars(found.execution_options(populate_existing=True)).one_or_none()
