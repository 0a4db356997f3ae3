"""The set-up: a one-time link that creates the first account's administrator."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.accounts import audit, one_time, people
from app.accounts.models import Account, SetupLink, User
from app.accounts.roles import Role
from app.accounts.sign_in import first_account
from app.core import clock
from app.core.access import Actor
from app.core.db import write
from app.core.errors import NotFound
from app.core.ids import uuid7
from app.core.runtime import runtime


def setup_link(app: Flask) -> str | None:
    """A fresh link while the first account has nobody, else None. Only its hash is kept, so each call makes a new one,
    and the one before it stops working."""
    with app.app_context():
        with write() as session:
            token = None if people.is_set_up(session) else issue(session)
        return None if token is None else one_time.link(runtime(app).settings, "setup", token)


def issue(session: Session) -> str:
    token, token_hash = one_time.new_token()
    session.execute(delete(SetupLink).where(SetupLink.used_at.is_(None)))
    session.add(
        SetupLink(id=uuid7(), account_id=first_account(session).id, token_hash=token_hash, created_at=clock.now())
    )
    return token


def is_open(session: Session, token: str) -> bool:
    """Whether this link still works."""
    unused = select(SetupLink.id).where(SetupLink.token_hash == one_time.hash_of(token), SetupLink.used_at.is_(None))
    return session.scalar(unused) is not None and not people.is_set_up(session)


def complete(
    session: Session,
    token: str,
    *,
    address: str | None,
    account_name: str,
    name: str,
    email: str,
    password_hash: str,
) -> User:
    """Uses the link up: names the account and creates its administrator. Raises NotFound for a link that was used."""
    used = session.execute(
        update(SetupLink)
        .where(SetupLink.token_hash == one_time.hash_of(token), SetupLink.used_at.is_(None))
        .values(used_at=clock.now())
        .returning(SetupLink.account_id)
    ).scalar_one_or_none()  # one statement: of two people with the same link, one gets it
    if used is None or people.is_set_up(session):
        raise NotFound
    account = session.get_one(Account, used)
    account.name = account_name
    actor = Actor(account.id, None, email, address)
    user = people.create(session, account, actor, email=email, name=name, role=Role.ADMIN, password_hash=password_hash)
    audit.record(session, actor, "account.set_up", subject_id=account.id, subject=account_name)
    return user
