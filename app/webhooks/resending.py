"""Sending again what one webhook was told: one message, or all that failed since a moment."""

from __future__ import annotations

from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.core import clock
from app.core.access import Actor
from app.core.errors import Conflict, NotFound, Text
from app.deliveries import bulk
from app.deliveries.filters import State, of
from app.deliveries.plan import Asked, Verb, plan
from app.outbound import repair
from app.outbound.models import Delivery, Status, Target, TargetState


def resend(session: Session, actor: Actor, webhook_id: UUID, delivery_id: UUID | None) -> None:
    """Due at once, also one that arrived; the message and its id stay. Raises NotFound, also for another webhook's
    delivery, or Conflict saying why not."""
    connection = session.connection()
    mine = (Delivery.account_id == actor.account_id, Delivery.id == delivery_id, Delivery.target_id == webhook_id)
    wanted = select(Delivery.id, Target.label).join(Target, Target.id == Delivery.target_id).where(*mine)
    found = connection.execute(wanted).one_or_none()
    if found is None:
        raise NotFound
    if not repair.replay(connection, actor.account_id, [found.id], clock.now(), with_done=True):
        raise Conflict(_why_not(connection, actor.account_id, found.id))
    changes: audit.Changes = {"number": [None, 1]}
    audit.record(session, actor, bulk.ACTIONS[Verb.REPLAY], subject_id=found.id, subject=found.label, changes=changes)


def _why_not(connection: Connection, account_id: UUID, delivery_id: UUID) -> Text:
    wanted = select(Delivery.status, Target.state).join(Target, Target.id == Delivery.target_id)
    row = connection.execute(wanted.where(Delivery.account_id == account_id, Delivery.id == delivery_id)).one()
    if row.state == TargetState.DELETED:
        return _l("Where it went was deleted: there is nobody to send it to.")
    if row.status in (Status.PENDING, Status.LEASED):
        return _l("It is waiting already: somebody may have sent it again a moment ago.")
    return _l("It cannot be sent again.")


def failed_since(webhook_id: UUID, since: str) -> Asked:
    """What gave up since then, to be counted first (`count`) and then sent again. Raises Invalid for what is no date or
    time."""
    return Asked(Verb.REPLAY, of(state=str(State.DEAD), target=str(webhook_id), since=since))


def count(connection: Connection, account_id: UUID, asked: Asked) -> int:
    return plan(connection, account_id, asked, clock.now()).count


def resend_all(session: Session, actor: Actor, asked: Asked, confirmed: int) -> UUID:
    """As a job, in the caller's write transaction; its id. Raises deliveries.bulk.CountMoved when the number is not
    what the person confirmed."""
    bulk.check_count(session.connection(), actor.account_id, asked, confirmed)
    return bulk.start(session, actor, asked, confirmed)
