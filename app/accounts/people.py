"""The people of an account: create one, set a password. What changes who may do what ends their sessions."""

from __future__ import annotations

from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts import audit, passwords, sessions
from app.accounts.joining import links
from app.accounts.models import Account, User
from app.accounts.roles import Role
from app.accounts.sign_in import find_user, first_account, normal_email
from app.core import clock
from app.core.access import Actor
from app.core.errors import N_, Conflict, Invalid
from app.core.ids import uuid7

BAD_EMAIL = N_("This is not an e-mail address.")
TAKEN = N_("Somebody already uses this address.")
EMAIL_TAKEN = N_("Meanwhile somebody else signs in with this address. Your own stays as it was.")


def anybody(session: Session) -> bool:
    """Whether there is at least one person, in whichever account."""
    return bool(session.scalar(select(exists().where(User.id.is_not(None)))))


def is_set_up(session: Session) -> bool:
    """Whether the first account has somebody. Companies that registered before count for nothing: it is the operator's
    own."""
    return bool(session.scalar(select(exists().where(User.account_id == first_account(session).id))))


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
    refuse_weak(password, *personal)
    return passwords.hash_password(password)


def refuse_weak(password: str, *personal: str) -> None:
    """Raises Invalid for a password that is easy to guess."""
    reason = passwords.weakness(password, *personal)
    if reason is not None:
        raise Invalid({"password": [reason]})


def create(
    session: Session,
    account: Account,
    actor: Actor,
    *,
    email: str,
    name: str,
    role: Role,
    password_hash: str | None,
    locale: str | None = None,
) -> User:
    """A new person of `account`. Raises Invalid when the address is taken, also by somebody at the same moment."""
    if find_user(session, email) is not None:
        raise Invalid({"email": [TAKEN]})
    user = User(
        account_id=account.id,
        email=email,
        name=name,
        role=role,
        password_hash=password_hash,
        locale=locale,
        created_at=clock.now(),
        id=uuid7(),
    )
    session.add(user)
    try:
        session.flush()
    except IntegrityError:  # the caller's write ends with the exception
        raise Invalid({"email": [TAKEN]}) from None
    audit.record(session, actor, "user.created", subject_id=user.id, subject=email, changes={"role": [None, str(role)]})
    return user


def set_password(
    session: Session, user: User, password_hash: str, actor: Actor, action: str = "password.changed"
) -> None:
    """Ends every session of the person, and every link that was mailed to them."""
    user.password_hash = password_hash
    sessions.end_all(session, user.id)
    links.end_all(session, user.id)
    audit.record(session, actor, action, subject_id=user.id, subject=user.email)


def set_email(session: Session, user: User, email: str, actor: Actor, keeps: UUID | None = None) -> None:
    """The address with which somebody signs in from now on. Ends every session of theirs but `keeps`, and every link
    that was mailed to them. Raises Conflict when somebody else has it."""
    if find_user(session, email) not in (None, user):
        raise Conflict(EMAIL_TAKEN)
    changes: audit.Changes = {"email": [user.email, email]}
    user.email = email
    user.version += 1
    try:
        session.flush()
    except IntegrityError:  # at the same moment; the caller's write ends with the exception
        raise Conflict(EMAIL_TAKEN) from None
    sessions.end_all(session, user.id, keeps)
    links.end_all(session, user.id)
    audit.record(session, actor, "email.changed", subject_id=user.id, subject=email, changes=changes)


def set_role(session: Session, user: User, role: Role, actor: Actor) -> None:
    """The new rights count from the next sign-in on."""
    audit.record(
        session, actor, "user.updated", subject_id=user.id, subject=user.email, changes={"role": [user.role, str(role)]}
    )
    user.role = role
    user.version += 1
    sessions.end_all(session, user.id)


def disable(session: Session, user: User, actor: Actor) -> None:
    """Ends every session of the person, and every link that was mailed to them: enabled again, they ask anew."""
    user.disabled_at = clock.now()
    user.version += 1
    sessions.end_all(session, user.id)
    links.end_all(session, user.id)
    audit.record(session, actor, "user.disabled", subject_id=user.id, subject=user.email)


def enable(session: Session, user: User, actor: Actor) -> None:
    user.disabled_at = None
    user.version += 1
    audit.record(session, actor, "user.enabled", subject_id=user.id, subject=user.email)


def remove(session: Session, user: User, actor: Actor) -> None:
    """Deletes the person with their sessions, tokens and second factor. What they made stays, made by nobody; the audit
    keeps their address."""
    changes: audit.Changes = {"name": [user.name, None], "role": [user.role, None]}
    audit.record(session, actor, "user.removed", subject_id=user.id, subject=user.email, changes=changes)
    session.delete(user)
    session.flush()
