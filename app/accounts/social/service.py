"""Whose account at a provider is whose here: found, linked by the person themselves, unlinked, or the way in of a new
company. Nothing is ever linked because an address is the same: whoever controls one need not be the same person."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts import audit, people
from app.accounts.models import Account, User
from app.accounts.roles import Role
from app.accounts.sign_in import Caller, find_user
from app.accounts.social import letters
from app.accounts.social.models import SocialLogin
from app.accounts.social.providers import Identity, Provider
from app.core import clock, mail
from app.core.access import Actor
from app.core.errors import N_, Conflict, NotFound
from app.core.ids import uuid7
from app.core.mail import Letter

SOMEBODY_ELSES = N_("Somebody else here already signs in with it.")
ANOTHER = N_("You are linked with another one of that provider: unlink it first.")
LAST_WAY_IN = N_("You could not sign in any more: choose a password first, or link another provider.")


def find_login(session: Session, identity: Identity) -> SocialLogin | None:
    same = SocialLogin.provider == identity.provider, SocialLogin.subject == identity.subject
    return session.scalars(select(SocialLogin).where(*same)).one_or_none()


def linked(session: Session, user_id: UUID) -> dict[Provider, SocialLogin]:
    """What a person is linked with."""
    found = session.scalars(select(SocialLogin).where(SocialLogin.user_id == user_id))
    return {Provider(login.provider): login for login in found}


def is_taken(session: Session, identity: Identity) -> bool:
    """Whether somebody here has the address of an identity."""
    return identity.email is not None and find_user(session, identity.email.lower()) is not None


def link(session: Session, actor: Actor, identity: Identity, news: Letter) -> None:
    """Lets the actor sign in by this identity from now on, and tells them so by mail. Raises Conflict in words."""
    assert actor.user_id is not None
    found = find_login(session, identity)
    if found is not None:
        if found.user_id != actor.user_id:
            raise Conflict(SOMEBODY_ELSES)
        return
    if identity.provider in linked(session, actor.user_id):
        raise Conflict(ANOTHER)
    _add(session, actor, actor.user_id, identity)
    _tell(session, actor, news)


def unlink(session: Session, actor: Actor, provider: Provider, usable: Collection[Provider], news: Letter) -> None:
    """Raises NotFound when there is nothing to unlink, and Conflict when nothing would be left to sign in with: a
    password, or another of the providers that are `usable` here."""
    user = session.get_one(User, actor.user_id, with_for_update=True, populate_existing=True)  # one change at a time
    own = linked(session, user.id)
    if provider not in own:
        raise NotFound
    if user.password_hash is None and not (own.keys() & set(usable)) - {provider}:
        raise Conflict(LAST_WAY_IN)
    session.delete(own[provider])
    audit.record(session, actor, "social.unlinked", subject_id=user.id, subject=provider)
    _tell(session, actor, news)


def open_account(
    session: Session, caller: Caller, identity: Identity, *, account_name: str, name: str, timezone: str, locale: str
) -> User:
    """A new company with this person, of whom the provider vouches for the address, as its administrator; without a
    password. Raises Invalid when the address was taken and Conflict when the identity was, meanwhile."""
    assert identity.email is not None
    account = Account(id=uuid7(), name=account_name, timezone=timezone, created_at=clock.now())
    session.add(account)
    session.flush()
    actor = Actor(account.id, None, identity.email, caller.address, caller.request_id)
    user = people.create(
        session,
        account,
        actor,
        email=identity.email,
        name=name,
        role=Role.ADMIN,
        password_hash=None,
        locale=locale,
    )
    audit.record(session, actor, "account.created", subject_id=account.id, subject=account_name)
    _add(session, caller.acting_as(user), user.id, identity)
    return user


def _tell(session: Session, actor: Actor, news: Letter) -> None:
    mail.post(session.connection(), actor.account_id, actor.name, news, clock.now() + letters.LIVES)


def _add(session: Session, actor: Actor, user_id: UUID, identity: Identity) -> None:
    session.add(
        SocialLogin(
            id=uuid7(),
            user_id=user_id,
            provider=identity.provider,
            subject=identity.subject,
            email=identity.email,
            created_at=clock.now(),
        )
    )
    try:
        session.flush()
    except IntegrityError:  # by somebody at the same moment; the caller's write ends with the exception
        raise Conflict(SOMEBODY_ELSES) from None
    audit.record(session, actor, "social.linked", subject_id=user_id, subject=identity.provider)
