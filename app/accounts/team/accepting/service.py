"""An invitation's link followed: who invites whom into what, and the new person."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts import audit, one_time, people
from app.accounts.models import Account, User
from app.accounts.roles import Role
from app.accounts.sign_in import find_user
from app.accounts.team.models import Invitation
from app.core import clock
from app.core.access import Actor
from app.core.errors import N_, Invalid, NotFound

OVER = N_("This invitation is no longer valid. Ask whoever invited you to send it again.")
NO_NAME = N_("This field is required.")
HAS_SIGN_IN = N_("This address already has a sign-in, and can have only one. Ask for an invitation to another address.")


@dataclass(frozen=True, slots=True)
class Invited:
    """What the page shows before anything is typed. `inviter` None: they are no longer here."""

    account_id: UUID
    company: str
    email: str
    role: str
    inviter: str | None


def find(session: Session, token: str) -> Invited | None:
    """What a link that still works invites to; None for a wrong, used, expired or withdrawn one."""
    row = session.execute(
        select(Account.id, Account.name, Invitation.email, Invitation.role, User.name)
        .join(Account, Account.id == Invitation.account_id)
        .outerjoin(User, User.id == Invitation.invited_by)
        .where(Invitation.token_hash == one_time.hash_of(token), Invitation.expires_at > clock.now())
    ).one_or_none()
    return None if row is None else Invited(*row)


def password_hash(session: Session, token: str, name: str, password: str) -> str:
    """The hash of a password that is good enough for who is invited; slow, and for a working link alone. Raises
    NotFound and Invalid."""
    invited = find(session, token)
    if invited is None:
        raise NotFound(OVER)
    if not name.strip():
        raise Invalid({"name": [NO_NAME]})
    session.rollback()  # no read transaction waits for hashing
    return people.new_password_hash(password, invited.email, name, invited.company)


def accept(
    session: Session,
    token: str,
    *,
    name: str,
    password_hash: str,
    locale: str | None,
    address: str | None,
    request_id: str | None,
) -> User:
    """Uses the link up and makes the person; opens no session. Raises NotFound, and Invalid when the address
    got a sign-in elsewhere meanwhile (the link then stays)."""
    row = session.execute(
        delete(Invitation)
        .where(Invitation.token_hash == one_time.hash_of(token), Invitation.expires_at > clock.now())
        .returning(Invitation.id, Invitation.account_id, Invitation.email, Invitation.role)
    ).one_or_none()  # one statement: of many who follow the link at once, one gets in
    if row is None:
        raise NotFound(OVER)
    if find_user(session, row.email) is not None:
        raise Invalid({"email": [HAS_SIGN_IN]})
    account = session.get_one(Account, row.account_id)
    actor = Actor(account.id, None, row.email, address, request_id)
    user = people.create(
        session,
        account,
        actor,
        email=row.email,
        name=name.strip(),
        role=Role(row.role),
        password_hash=password_hash,
        locale=locale,
    )
    audit.record(session, actor, "invitation.accepted", subject_id=row.id, subject=row.email)
    return user
