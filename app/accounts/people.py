"""The people of an account: create one, set a password. What changes who may do what ends their sessions."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.accounts import audit, passwords, sessions
from app.accounts.models import Account, User
from app.accounts.roles import Role
from app.accounts.sign_in import find_user, normal_email
from app.core import clock
from app.core.access import Actor
from app.core.errors import N_, Invalid
from app.core.ids import uuid7

BAD_EMAIL = N_("This is not an e-mail address.")
TAKEN = N_("Somebody already uses this address.")


def anybody(session: Session) -> bool:
    """Whether the product was set up: there is at least one person."""
    return bool(session.scalar(select(exists().where(User.id.is_not(None)))))


def checked_email(text: str) -> str:
    """The address as it is kept: lower-cased. Raises Invalid."""
    email = normal_email(text)
    try:
        validate_email(email, check_deliverability=False)
    except EmailNotValidError:
        raise Invalid({"email": [BAD_EMAIL]}) from None
    return email


def new_password_hash(password: str, *personal: str) -> str:
    """The hash of a password that is good enough. Slow: call it before `write()`. Raises Invalid."""
    reason = passwords.weakness(password, *personal)
    if reason is not None:
        raise Invalid({"password": [reason]})
    return passwords.hash_password(password)


def create(
    session: Session, account: Account, actor: Actor, *, email: str, name: str, role: Role, password_hash: str
) -> User:
    """A new person of `account`. Raises Invalid when the address is taken."""
    if find_user(session, email) is not None:
        raise Invalid({"email": [TAKEN]})
    user = User(
        account_id=account.id,
        email=email,
        name=name,
        role=role,
        password_hash=password_hash,
        created_at=clock.now(),
        id=uuid7(),
    )
    session.add(user)
    session.flush()
    audit.record(session, actor, "user.created", subject_id=user.id, subject=email, changes={"role": [None, str(role)]})
    return user


def set_password(session: Session, user: User, password_hash: str, actor: Actor) -> None:
    user.password_hash = password_hash
    sessions.end_all(session, user.id)
    audit.record(session, actor, "password.changed", subject_id=user.id, subject=user.email)


def set_role(session: Session, user: User, role: Role, actor: Actor) -> None:
    """The new rights count from the next sign-in on."""
    audit.record(
        session, actor, "user.updated", subject_id=user.id, subject=user.email, changes={"role": [user.role, str(role)]}
    )
    user.role = role
    sessions.end_all(session, user.id)


def disable(session: Session, user: User, actor: Actor) -> None:
    user.disabled_at = clock.now()
    sessions.end_all(session, user.id)
    audit.record(session, actor, "user.disabled", subject_id=user.id, subject=user.email)
