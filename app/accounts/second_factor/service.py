"""The verbs of the second factor: start, confirm, new recovery codes, turn off; who has one and who has to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.models import User
from app.accounts.second_factor import recovery, totp
from app.accounts.second_factor.accepting import WORDS, Verdict
from app.accounts.second_factor.models import SECRET_PLACE, PendingSignIn, RecoveryCode, SecondFactor
from app.core.access import Actor
from app.core.errors import N_, Conflict, Forbidden, Invalid
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.core.vault import VaultError

NOT_STARTED = N_("The set-up was not started, or is complete. Start it again.")
NOT_ON = N_("There is no second factor.")
NEEDED = N_("Your role needs a second factor: it cannot be turned off. You can set up another app in its place.")


@dataclass(frozen=True, slots=True)
class State:
    """`codes_left` of the recovery codes; `is_readable`: the key of the app's secret is still there."""

    confirmed_at: datetime | None = None
    codes_left: int = 0
    is_readable: bool = True
    is_required: bool = False

    @property
    def is_on(self) -> bool:
        return self.confirmed_at is not None


def is_on(session: Session, user_id: UUID) -> bool:
    """Whether this person signs in with a code, too."""
    mine = exists().where(SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None))
    return bool(session.scalar(select(mine)))


def is_required(user: User) -> bool:
    """Whether the account wants people of this role to have a second factor."""
    return user.role in (user.account.second_factor_roles or ())


def is_missing(session: Session, user: User) -> bool:
    """Whether this person has to set one up before anything else."""
    return is_required(user) and not is_on(session, user.id)


def state_of(session: Session, user: User) -> State:
    factor = session.get(SecondFactor, user.id)
    if factor is None or factor.confirmed_at is None:
        return State(is_required=is_required(user))
    unused = select(func.count()).where(RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))
    readable = _opened(user.id, factor.sealed_secret) is not None
    return State(factor.confirmed_at, session.scalar(unused) or 0, readable, is_required(user))


def start(session: Session, actor: Actor, now: datetime) -> str:
    """A new secret for the actor's app, which counts once `confirm` gets a first code of it; until then the app before,
    if there is one, stays good."""
    user = _locked(session, actor)
    secret = totp.new_secret()
    sealed = runtime().vault.seal(SECRET_PLACE, user.id, secret)
    factor = session.get(SecondFactor, user.id)
    if factor is None:
        session.add(SecondFactor(user_id=user.id, sealed_secret=sealed, created_at=now))
    elif factor.confirmed_at is None:
        factor.sealed_secret, factor.created_at = sealed, now
    else:
        factor.next_sealed_secret = sealed
    audit.record(session, actor, "second_factor.started", subject_id=user.id, subject=user.email)
    return secret


def started_secret(session: Session, user_id: UUID) -> str | None:
    """The secret that waits for its first code; None when there is none, or its key is gone."""
    factor = session.get(SecondFactor, user_id)
    sealed = None if factor is None else _waiting(factor)
    return None if sealed is None else _opened(user_id, sealed)


def confirm(session: Session, actor: Actor, code: str, now: datetime) -> list[str]:
    """Turns the started secret on by a first code of it: the recovery codes, which nobody sees again. Raises Conflict
    when none was started and Invalid for a wrong code."""
    user = _locked(session, actor)
    factor = session.get(SecondFactor, user.id, populate_existing=True)
    sealed = None if factor is None else _waiting(factor)
    secret = None if sealed is None else _opened(user.id, sealed)
    if factor is None or sealed is None or secret is None:
        raise Conflict(NOT_STARTED)
    step = totp.step_of(secret, code.replace(" ", ""), now)
    if step is None:
        raise Invalid({"code": [WORDS[Verdict.WRONG]]})
    factor.sealed_secret, factor.next_sealed_secret = sealed, None
    factor.confirmed_at, factor.last_step = now, step
    audit.record(session, actor, "second_factor.confirmed", subject_id=user.id, subject=user.email)
    return _replace_codes(session, user.id)


def renew_codes(session: Session, actor: Actor) -> list[str]:
    """Ten new recovery codes; those before are worth nothing. Raises Conflict without a second factor."""
    user = _locked(session, actor)
    if not is_on(session, user.id):
        raise Conflict(NOT_ON)
    audit.record(session, actor, "recovery_codes.renewed", subject_id=user.id, subject=user.email)
    return _replace_codes(session, user.id)


def turn_off(session: Session, actor: Actor) -> None:
    """The actor's own. Raises Forbidden where the role needs one, and Conflict when there is none."""
    user = _locked(session, actor)
    if is_required(user):
        raise Forbidden(NEEDED)
    if not remove(session, actor, user):
        raise Conflict(NOT_ON)


def remove(session: Session, actor: Actor, user: User) -> bool:
    """Takes a person's second factor away, by themselves or by an administrator for one who lost app and codes; whether
    there was one. Where the role needs one, the next page they see sets it up anew."""
    was_on = is_on(session, user.id)
    for table in (SecondFactor, RecoveryCode, PendingSignIn):
        session.execute(delete(table).where(table.user_id == user.id))
    if was_on:
        audit.record(session, actor, "second_factor.removed", subject_id=user.id, subject=user.email)
    return was_on


def _locked(session: Session, actor: Actor) -> User:
    """The actor's row, held until the commit, so that two tabs do not set up two apps at once."""
    return session.get_one(User, actor.user_id, with_for_update=True)


def _waiting(factor: SecondFactor) -> str | None:
    return factor.sealed_secret if factor.confirmed_at is None else factor.next_sealed_secret


def _opened(user_id: UUID, sealed: str) -> str | None:
    try:
        return runtime().vault.open(SECRET_PLACE, user_id, sealed)
    except VaultError:
        return None


def _replace_codes(session: Session, user_id: UUID) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = recovery.new_codes()
    hashes = (recovery.hash_of(user_id, code) for code in codes)
    session.add_all(RecoveryCode(id=uuid7(), user_id=user_id, code_hash=code_hash) for code_hash in hashes)
    return codes
