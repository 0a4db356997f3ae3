"""Replaying and cancelling one delivery, with the reason in words when it cannot be."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.core import clock
from app.core.access import Actor
from app.core.errors import Conflict, NotFound
from app.deliveries.bulk import ACTIONS
from app.deliveries.plan import Verb
from app.outbound import repair
from app.outbound.models import Delivery, ErrorClass, Status, Target, TargetState

IN_HAND = _l("A worker has it in hand just now: it may be on its way. Try again in a moment.")


def retry(session: Session, actor: Actor, id: UUID | None) -> None:
    """Due at once, with all its attempts before it. Raises NotFound, Conflict saying why not."""
    delivery, target = _found(session, actor, id)
    if not repair.replay(session.connection(), actor.account_id, [delivery.id], clock.now()):
        session.refresh(delivery)  # somebody else may have been quicker
        raise Conflict(_why_not_replayed(delivery, target))
    _note(session, actor, Verb.REPLAY, delivery, target)


def cancel(session: Session, actor: Actor, id: UUID | None) -> None:
    """Raises NotFound, Conflict saying why not."""
    delivery, target = _found(session, actor, id)
    if not repair.cancel(session.connection(), actor.account_id, [delivery.id], clock.now()):
        session.refresh(delivery)
        is_open = delivery.status == Status.LEASED
        raise Conflict(IN_HAND if is_open else _l("It is over already: there is nothing to cancel."))
    _note(session, actor, Verb.CANCEL, delivery, target)


def refusal(delivery: Delivery, target: Target) -> Any | None:
    """Why it cannot be replayed, as pages say it beforehand; None when it can."""
    can_be = delivery.status in repair.REPLAYABLE and delivery.error != ErrorClass.CONSENT
    return None if can_be and target.state != TargetState.DELETED else _why_not_replayed(delivery, target)


def _why_not_replayed(delivery: Delivery, target: Target) -> Any:
    if delivery.status == Status.DONE:
        return _l("It arrived: sending it again would count it twice.")
    if delivery.status not in repair.REPLAYABLE:
        return _l("It is waiting already: somebody may have sent it again a moment ago.")
    if delivery.error == ErrorClass.CONSENT:
        return _l("The person refused consent: it must not be sent.")
    return _l("Where it went was deleted: there is nobody to send it to.")


def _found(session: Session, actor: Actor, id: UUID | None) -> tuple[Delivery, Target]:
    wanted = select(Delivery, Target).join(Target, Target.id == Delivery.target_id)
    row = session.execute(wanted.where(Delivery.account_id == actor.account_id, Delivery.id == id)).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]


def _note(session: Session, actor: Actor, verb: Verb, delivery: Delivery, target: Target) -> None:
    changes: audit.Changes = {"number": [None, 1]}
    audit.record(session, actor, ACTIONS[verb], subject_id=delivery.id, subject=target.label, changes=changes)
