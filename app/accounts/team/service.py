"""What administrators do with the people of their account. Nobody does it to themselves, and somebody who can always
stays."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit, people, sessions
from app.accounts.models import User
from app.accounts.roles import Role
from app.accounts.second_factor import service as second_factor
from app.accounts.team import invitations
from app.accounts.team.holding import PERMISSION, hold, person
from app.core.access import Actor
from app.core.errors import N_, Conflict, Invalid, NotFound

ONESELF = N_("You cannot do this to yourself. Ask another administrator.")
LAST_ADMIN = N_("This is the last active administrator. Make somebody else administrator first.")
UNKNOWN_ROLE = N_("Choose one of the roles.")
NO_FACTOR = N_("This person has no second factor.")


def change_role(session: Session, actor: Actor, id_: UUID | None, role: str, version: int | None = None) -> User:
    """Another role for somebody else; ends their sessions, and takes back the invitations of who may invite no longer.
    Raises NotFound, Forbidden, Invalid, and Conflict for a stale `version`, oneself or the last administrator."""
    if role not in tuple(Role):
        raise Invalid({"role": [UNKNOWN_ROLE]})
    user = _somebody_else(session, actor, id_, version)
    if user.role == role:
        return user
    if role != Role.ADMIN:
        _refuse_to_lose_last_admin(session, user)
    people.set_role(session, user, Role(role), actor)
    if PERMISSION not in user.permissions:
        invitations.take_back_those_of(session, actor, user)
    return user


def disable(session: Session, actor: Actor, id_: UUID | None, version: int | None = None) -> User:
    """Shuts somebody out at once, until they are enabled. Twice changes nothing. Raises as `change_role`."""
    user = _somebody_else(session, actor, id_, version)
    if user.is_active:
        _refuse_to_lose_last_admin(session, user)
        people.disable(session, user, actor)
        invitations.take_back_those_of(session, actor, user)
    return user


def enable(session: Session, actor: Actor, id_: UUID | None, version: int | None = None) -> User:
    user = _somebody_else(session, actor, id_, version)
    if not user.is_active:
        people.enable(session, user, actor)
    return user


def remove(session: Session, actor: Actor, id_: UUID | None, version: int | None = None) -> None:
    """Deletes somebody for good; see `people.remove`. Raises as `change_role`."""
    user = _somebody_else(session, actor, id_, version)
    _refuse_to_lose_last_admin(session, user)
    invitations.take_back_those_of(session, actor, user)
    people.remove(session, user, actor)


def end_sessions(session: Session, actor: Actor, id_: UUID | None) -> int:
    """Signs somebody out everywhere; how many sessions there were."""
    user = _somebody_else(session, actor, id_, None)
    ended = sessions.end_all(session, user.id)
    changes: audit.Changes = {"sessions": [ended, 0]}
    audit.record(session, actor, "user.sessions_ended", subject_id=user.id, subject=user.email, changes=changes)
    return ended


def reset_second_factor(session: Session, actor: Actor, id_: UUID | None) -> User:
    """For somebody who lost phone and codes: takes the second factor away and ends their sessions, which may be on that
    phone. Raises Conflict when there is none."""
    user = _somebody_else(session, actor, id_, None)
    if not second_factor.remove(session, actor, user):
        raise Conflict(NO_FACTOR)
    sessions.end_all(session, user.id)
    return user


def _somebody_else(session: Session, actor: Actor, id_: UUID | None, version: int | None) -> User:
    hold(session, actor)
    user = person(session, actor, id_)
    if user is None:
        raise NotFound
    if user.id == actor.user_id:
        raise Conflict(ONESELF)
    if version is not None and version != user.version:
        raise Conflict(current=user)
    return user


def _refuse_to_lose_last_admin(session: Session, user: User) -> None:
    if user.role != Role.ADMIN or not user.is_active:
        return
    others = select(User.id).where(
        User.account_id == user.account_id, User.role == Role.ADMIN, User.disabled_at.is_(None), User.id != user.id
    )
    if session.scalar(others.limit(1)) is None:
        raise Conflict(LAST_ADMIN)
