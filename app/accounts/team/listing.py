"""Who is in the team, and who is invited: the selects behind the lists."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    case,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from app.accounts.models import User
from app.accounts.second_factor.models import SecondFactor
from app.accounts.team.models import Invitation
from app.core.db import UtcDateTime
from app.core.errors import NotFound
from app.core.pagination import Column, order_by


class State(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"
    INVITED = "invited"


class Member(NamedTuple):
    """A person of the team, and whether they sign in with a code, too."""

    user: User
    has_second_factor: bool

    @property
    def state(self) -> State:
        return State.ACTIVE if self.user.is_active else State.DISABLED


HAS_FACTOR: ColumnElement[bool] = exists().where(
    SecondFactor.user_id == User.id, SecondFactor.confirmed_at.is_not(None)
)
USER_SORTS: dict[str, Column] = {
    "name": func.lower(User.name),
    "email": User.email,
    "role": User.role,
    "lastSeenAt": func.coalesce(User.last_seen_at, User.created_at),
    "createdAt": User.created_at,
}
INVITATION_SORTS: dict[str, Column] = {
    "email": Invitation.email,
    "sentAt": Invitation.sent_at,
    "expiresAt": Invitation.expires_at,
}
Inviter = aliased(User)


def members(
    account_id: UUID,
    text: str | None = None,
    role: str | None = None,
    state: str | None = None,
    has_second_factor: bool | None = None,
    sort: str | None = None,
) -> Select[User, bool]:
    """The people of an account, as (User, has a second factor), to be paged. `text`: a part of name or address;
    `state`: "active" or "disabled"; `sort`: one of USER_SORTS."""
    found = select(User, HAS_FACTOR.label("has_second_factor")).where(*_people(account_id, text, role, state))
    if has_second_factor is not None:
        found = found.where(HAS_FACTOR if has_second_factor else ~HAS_FACTOR)
    return found.order_by(*order_by(sort, USER_SORTS, "name", User.id))


def member(session: Session, account_id: UUID, id_: UUID | None) -> Member:
    """One person of this account. Raises NotFound, for somebody else's too."""
    found = session.execute(select(User, HAS_FACTOR).where(User.id == id_, User.account_id == account_id)).one_or_none()
    if found is None:
        raise NotFound
    return Member(*found)


def invitations(account_id: UUID, text: str | None = None, sort: str | None = None) -> Select[Invitation, str | None]:
    """The invitations of an account that nobody accepted, as (Invitation, who invited), to be paged."""
    found = (
        select(Invitation, Inviter.email)
        .outerjoin(Inviter, Inviter.id == Invitation.invited_by)
        .where(Invitation.account_id == account_id)
    )
    if text:
        found = found.where(Invitation.email.icontains(text, autoescape=True))
    return found.order_by(*order_by(sort, INVITATION_SORTS, "-sentAt", Invitation.id))


def invitation(session: Session, account_id: UUID, id_: UUID | None) -> tuple[Invitation, str | None]:
    """One of them, and who invited. Raises NotFound, for somebody else's too."""
    found = session.execute(invitations(account_id).where(Invitation.id == id_)).one_or_none()
    if found is None:
        raise NotFound
    return found[0], found[1]


def everybody(
    account_id: UUID,
    text: str | None = None,
    role: str | None = None,
    state: str | None = None,
    has_second_factor: bool | None = None,
    sort: str | None = None,
) -> Select[Any]:
    """People and invitations in one list: id, name (an invitation has none), email, role, state, has_second_factor,
    seen_at, expires_at; sorted by name, email, role or seen_at."""
    people = select(
        User.id,
        User.name.label("name"),
        User.email,
        User.role,
        case((User.disabled_at.is_(None), State.ACTIVE.value), else_=State.DISABLED.value).label("state"),
        HAS_FACTOR.label("has_second_factor"),
        User.last_seen_at.label("seen_at"),
        type_coerce(null(), UtcDateTime()).label("expires_at"),
    ).where(*_people(account_id, text, role, state))
    invited = select(
        Invitation.id,
        null(),
        Invitation.email,
        Invitation.role,
        literal(State.INVITED.value),
        literal(False),
        null(),
        Invitation.expires_at,
    ).where(*_invited(account_id, text, role, state))
    both = union_all(people, invited).subquery("everybody")
    found = select(both)
    if has_second_factor is not None:
        found = found.where(both.c.has_second_factor.is_(has_second_factor))
    sorts: dict[str, Column] = {
        "name": func.lower(func.coalesce(both.c.name, both.c.email)),
        "email": both.c.email,
        "role": both.c.role,
        "lastSeenAt": func.coalesce(both.c.seen_at, both.c.expires_at),
    }
    return found.order_by(*order_by(sort, sorts, "name", both.c.id))


def _people(account_id: UUID, text: str | None, role: str | None, state: str | None) -> list[ColumnElement[bool]]:
    found = [User.account_id == account_id]
    if text:
        found.append(or_(User.name.icontains(text, autoescape=True), User.email.icontains(text, autoescape=True)))
    if role:
        found.append(User.role == role)
    if state == State.ACTIVE:
        found.append(User.disabled_at.is_(None))
    elif state == State.DISABLED:
        found.append(User.disabled_at.is_not(None))
    elif state == State.INVITED:
        found.append(false())
    return found


def _invited(account_id: UUID, text: str | None, role: str | None, state: str | None) -> list[ColumnElement[bool]]:
    found = [Invitation.account_id == account_id]
    if text:
        found.append(Invitation.email.icontains(text, autoescape=True))
    if role:
        found.append(Invitation.role == role)
    if state in (State.ACTIVE, State.DISABLED):
        found.append(false())
    return found
