"""One target with what waits for it, and the verbs of people on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound
from app.outbound import figures, targets
from app.outbound.kinds import Kinds
from app.outbound.limits import service as calls
from app.outbound.limits.windows import Rates, Standing
from app.outbound.limits.words import refusal
from app.outbound.models import Target, TargetState
from app.outbound.policy import Policy

BY_HAND = "user"  # the reason_code of a pause that a person ends
MAX_REASON = 200
WATCHED = ("state", "reason", "breaker", "failures", "not_before")


@dataclass(frozen=True, slots=True)
class Limits:
    """A target, what it has open and dead just now, how its deliveries are retried and how often it may be called."""

    target: Target
    now: figures.Now
    policy: Policy
    standing: Standing

    @property
    def limited_until(self) -> datetime | None:
        """Until when what waits does so for a limit; None when a call may be made."""
        return self.standing.full_until()


def get(account_id: UUID, id: UUID | None, *, session: Session | None = None) -> Target:
    """With `session`, of a write transaction, its row locked. Raises NotFound, also for another account's."""
    wanted = select(Target).where(Target.account_id == account_id, Target.id == id)
    if session is not None:
        wanted = wanted.with_for_update()
    target = (session or db.session()).scalar(wanted) if id is not None else None
    if target is None:
        raise NotFound
    return target


def limits(account_id: UUID, id: UUID | None, kinds: Kinds) -> Limits:
    target = get(account_id, id)
    connection = db.session.connection()
    now = figures.now_by_target(connection, account_id).get(target.id, figures.Now())
    return Limits(
        target, now, kinds.get(target.kind).policy_of(connection, target.id), calls.standing(connection, target.id)
    )


def check(account_id: UUID, id: UUID | None, count: int) -> Standing:
    """How a target stands that may be called `count` times now. Raises NotFound, TooMany in words when it may not."""
    asked = calls.check(db.session.connection(), get(account_id, id).id, count)
    if not asked.allowed:
        raise refusal(asked)
    return asked.standing


def pause(session: Session, actor: Actor, id: UUID | None, reason: str) -> Target:
    """Nothing is sent until somebody resumes it; a target that is paused already stays so for its first reason. Raises
    NotFound, Invalid without a reason, Conflict for a deleted one."""
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON or not reason.isprintable():
        asked = _l("Say why in one line of up to %(max)d characters, for those who wonder later.", max=MAX_REASON)
        raise Invalid({"reason": [asked]})
    target = _alive(session, actor, id)
    if target.state == TargetState.PAUSED:
        return target
    before = audit.values_of(target, WATCHED)
    targets.pause(session.connection(), target.id, reason, BY_HAND)
    return _noted(session, actor, target, "target.paused", before)


def resume(session: Session, actor: Actor, id: UUID | None) -> Target:
    """Ends a pause, whatever its cause. Raises NotFound, Conflict for a deleted one."""
    target = _alive(session, actor, id)
    if target.state != TargetState.PAUSED:
        return target
    before = audit.values_of(target, WATCHED)
    targets.resume(session.connection(), target.id)
    return _noted(session, actor, target, "target.resumed", before)


def reset(session: Session, actor: Actor, id: UUID | None) -> Target:
    """Forgets breaker and throttle, so that the next call is made at once. Raises NotFound, Conflict for a deleted
    one."""
    target = _alive(session, actor, id)
    before = audit.values_of(target, WATCHED)
    targets.reset_limits(session.connection(), target.id)
    return _noted(session, actor, target, "target.reset", before)


def reset_calls(session: Session, actor: Actor, id: UUID | None, window: str | None = None) -> Target:
    """Forgets what one window ("minute"), or all of them, have counted. Raises NotFound, Conflict for a deleted one."""
    target = _alive(session, actor, id)
    windows = calls.standing(session.connection(), target.id).windows
    counted = {each.name: each.used for each in windows if each.used and window in (None, each.name)}
    if counted:
        calls.reset(session.connection(), target.id, window)
        changes: audit.Changes = {f"calls_of_{name}": [number, 0] for name, number in counted.items()}
        audit.record(session, actor, "target.calls_reset", subject_id=target.id, subject=target.label, changes=changes)
    return target


def set_limits(session: Session, actor: Actor, id: UUID | None, rates: Rates) -> Target:
    """What is counted already stays. Raises NotFound, Conflict for a deleted one."""
    target = _alive(session, actor, id)
    before = Rates.of(target)
    if before == rates:
        return target
    calls.set_limits(session.connection(), target.id, rates)
    session.refresh(target)
    changes = audit.changed(
        *({f"calls_{name}": number for name, number in each._asdict().items()} for each in (before, rates))
    )
    audit.record(session, actor, "target.limited", subject_id=target.id, subject=target.label, changes=changes)
    return target


def _alive(session: Session, actor: Actor, id: UUID | None) -> Target:
    target = get(actor.account_id, id, session=session)
    if target.state == TargetState.DELETED:
        raise Conflict(_l("It was deleted: only its history is left."))
    return target


def _noted(session: Session, actor: Actor, target: Target, action: str, before: dict[str, object]) -> Target:
    session.refresh(target)
    changes = audit.changed(before, audit.values_of(target, WATCHED))
    audit.record(session, actor, action, subject_id=target.id, subject=target.label, changes=changes)
    return target
