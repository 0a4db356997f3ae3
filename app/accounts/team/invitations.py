"""Invitations: sent, sent again, taken back. Nobody learns from one who already has a sign-in elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit, one_time, people
from app.accounts.models import User
from app.accounts.roles import Role
from app.accounts.sign_in import find_user
from app.accounts.team import letters
from app.accounts.team.holding import hold
from app.accounts.team.models import Invitation
from app.core import clock, mail
from app.core.access import Actor
from app.core.errors import N_, Invalid, NotFound
from app.core.ids import uuid7
from app.core.mail import Letter
from app.core.ratelimit import Limit, RateLimiter
from app.core.settings import Settings

PATH = "invitation"
LIFETIME = timedelta(days=7)
PER_ACCOUNT = Limit("invitations-account", 50, 86_400)
PER_ADDRESS = Limit("invitations-address", 5, 86_400)  # whoever sends them: nobody's mailbox is flooded through us

IN_TEAM = N_("This person is already in the team.")
UNKNOWN_ROLE = N_("Choose one of the roles.")


@dataclass(frozen=True, slots=True)
class Prepared:
    """An invitation with its letter; `notice` goes to `owner_account_id` when the address already is somebody's in
    another account."""

    email: str
    role: str
    token_hash: str
    letter: Letter
    notice: Letter
    owner_account_id: UUID | None


def prepare(
    session: Session, settings: Settings, throttle: RateLimiter, actor: Actor, *, email: str, role: str
) -> Prepared:
    """What `send` sends; rendered before the write. The same steps for every address, but for one of the actor's own
    team. Raises Invalid and TooMany."""
    if role not in tuple(Role):
        raise Invalid({"role": [UNKNOWN_ROLE]})
    email = people.checked_email(email)
    owner = find_user(session, email)
    _refuse_own(owner, actor)
    throttle.reserve([(PER_ACCOUNT, str(actor.account_id)), (PER_ADDRESS, email)])
    inviter = session.get_one(User, actor.user_id)
    token, token_hash = one_time.new_token()
    letter = letters.invitation(inviter, role, one_time.link(settings, PATH, token))
    notice = letters.invited_elsewhere(inviter, owner)
    return Prepared(email, role, token_hash, letter, notice, owner.account_id if owner is not None else None)


def send(session: Session, actor: Actor, prepared: Prepared, id_: UUID | None = None) -> Invitation:
    """Keeps the invitation and has its letter sent; one that this address had before gets the new link and role. With
    `id_` only that one, and NotFound when it is gone. Raises Forbidden and Invalid."""
    hold(session, actor)
    _refuse_own(find_user(session, prepared.email), actor)
    found = session.scalars(
        select(Invitation).where(Invitation.account_id == actor.account_id, Invitation.email == prepared.email)
    ).one_or_none()
    if id_ is not None and (found is None or found.id != id_):
        raise NotFound
    now = clock.now()
    kept = found or Invitation(id=uuid7(), account_id=actor.account_id, email=prepared.email, created_at=now)
    before = {} if found is None else audit.values_of(found, ("role",))
    kept.role, kept.token_hash, kept.invited_by = prepared.role, prepared.token_hash, actor.user_id
    kept.sent_at, kept.expires_at = now, now + LIFETIME
    session.add(kept)
    session.flush()
    changes = audit.changed(before, {"role": prepared.role})
    action = "invitation.created" if found is None else "invitation.sent_again"
    audit.record(session, actor, action, subject_id=kept.id, subject=kept.email, changes=changes)
    mail.post(session.connection(), actor.account_id, kept.email, prepared.letter, kept.expires_at)
    if prepared.owner_account_id is not None:
        mail.post(session.connection(), prepared.owner_account_id, kept.email, prepared.notice, kept.expires_at)
    return kept


def get(session: Session, account_id: UUID, id_: UUID | None) -> Invitation:
    """An invitation of this account. Raises NotFound, for somebody else's too."""
    found = session.scalars(
        select(Invitation).where(Invitation.id == id_, Invitation.account_id == account_id)
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def withdraw(session: Session, actor: Actor, id_: UUID | None) -> None:
    """Its link is dead at once. Raises NotFound and Forbidden."""
    hold(session, actor)
    _take_back(session, actor, get(session, actor.account_id, id_))


def take_back_those_of(session: Session, actor: Actor, inviter: User) -> None:
    """What somebody sent who may invite no longer: a link of theirs, opened at home, would let them in again."""
    sent = select(Invitation).where(Invitation.account_id == actor.account_id, Invitation.invited_by == inviter.id)
    for invitation in session.scalars(sent.order_by(Invitation.id)):
        _take_back(session, actor, invitation)


def _take_back(session: Session, actor: Actor, invitation: Invitation) -> None:
    audit.record(session, actor, "invitation.withdrawn", subject_id=invitation.id, subject=invitation.email)
    session.delete(invitation)
    session.flush()


def _refuse_own(owner: User | None, actor: Actor) -> None:
    if owner is not None and owner.account_id == actor.account_id:
        raise Invalid({"email": [IN_TEAM]})
