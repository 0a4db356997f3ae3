"""Takes a code: of the app, each step once; or a recovery code, each once (facts/security.md 11)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.second_factor import recovery, totp
from app.accounts.second_factor.models import SECRET_PLACE, RecoveryCode, SecondFactor
from app.core.access import Actor
from app.core.errors import N_
from app.core.ratelimit import Limit, Reserved
from app.core.runtime import runtime
from app.core.vault import VaultError

PER_FIVE_MINUTES = Limit("second-factor", 5, 300)
PER_HOUR = Limit("second-factor-hour", 20, 3600)
LONGEST = 32  # of a typed code, blanks and hyphens included


class Verdict(StrEnum):
    TAKEN = "taken"
    WRONG = "wrong"  # or was taken before
    UNREADABLE = "unreadable"  # the app's secret, whose key is gone


WORDS = {
    Verdict.WRONG: N_("This code is wrong, too old, or was used already."),
    Verdict.UNREADABLE: N_(
        "The stored key of your authenticator app cannot be read any more. Use a recovery code, then set it up again."
    ),
}


def tries(user_id: UUID) -> Sequence[Reserved]:
    """What a try counts against: reserve it before `accept` and outside of any write, and give it back when the code
    was taken."""
    return ((PER_FIVE_MINUTES, str(user_id)), (PER_HOUR, str(user_id)))


def person(actor: Actor) -> UUID:
    """Whose code it is. Raises ValueError for clients and the system, who have none."""
    if actor.user_id is None:
        raise ValueError("only people have second factors")
    return actor.user_id


def accept(session: Session, actor: Actor, code: str, now: datetime) -> Verdict:
    """Uses up a code of the actor's, in the caller's write: of any number of parallel uses one wins. What is refused is
    audited, so commit that too."""
    typed = code.replace(" ", "")
    if totp.CODE.fullmatch(typed):
        verdict = _take_step(session, person(actor), typed, now)
    else:
        verdict = _take_recovery_code(session, actor, typed, now)
    if verdict is not Verdict.TAKEN:
        audit.record(session, actor, "second_factor.refused", subject_id=actor.user_id, subject=actor.name)
    return verdict


def _take_step(session: Session, user_id: UUID, code: str, now: datetime) -> Verdict:
    mine = (SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None))
    factor = session.execute(select(SecondFactor.sealed_secret, SecondFactor.confirmed_at).where(*mine)).one_or_none()
    if factor is None:
        return Verdict.WRONG
    try:
        step = totp.step_of(runtime().vault.open(SECRET_PLACE, user_id, factor.sealed_secret), code, now)
    except VaultError:
        return Verdict.UNREADABLE
    if step is None:
        return Verdict.WRONG
    is_new = or_(SecondFactor.last_step.is_(None), SecondFactor.last_step < step)
    same_app = SecondFactor.confirmed_at == factor.confirmed_at  # and not another, set up this moment
    taken = session.execute(
        update(SecondFactor).where(*mine, is_new, same_app).values(last_step=step).returning(SecondFactor.user_id)
    )
    return Verdict.WRONG if taken.first() is None else Verdict.TAKEN


def _take_recovery_code(session: Session, actor: Actor, code: str, now: datetime) -> Verdict:
    code_hash = recovery.hash_of(person(actor), code)
    if code_hash is None:
        return Verdict.WRONG
    unused = (
        RecoveryCode.user_id == actor.user_id,
        RecoveryCode.code_hash == code_hash,
        RecoveryCode.used_at.is_(None),
    )
    taken = session.execute(update(RecoveryCode).where(*unused).values(used_at=now).returning(RecoveryCode.id))
    if taken.first() is None:
        return Verdict.WRONG
    audit.record(session, actor, "recovery_code.used", subject_id=actor.user_id, subject=actor.name)
    return Verdict.TAKEN
