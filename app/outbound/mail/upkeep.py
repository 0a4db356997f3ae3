"""Letters by the clock and at a start: those that waited for a mail server go out, old ones are wiped."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Engine, select

from app.core import clock
from app.core.db import begin_write
from app.core.runtime import Runtime
from app.core.smtp import NO_SERVER
from app.outbound import targets
from app.outbound.mail import ledger
from app.outbound.mail.models import MailMessage
from app.outbound.models import OPEN_STATUSES, Delivery, Target, TargetState

log = logging.getLogger(__name__)
REFUSED, UNSET = "auth", "unset"  # the reason_code of a pause that other settings may end


def at_start(state: Runtime) -> None:
    """Call once per start, when the database is migrated; safe on several hosts at once. With SMTP_URL: what waits in
    the outbox goes out, and so does what an SMTP_URL of before could not send (should this one be refused too, the
    next letter pauses it again). Without: what is still owed waits for a person, and is not cancelled."""
    if state.settings.smtp_url is None:
        with begin_write(state.engine) as connection:
            for id_ in _with_open(connection):
                targets.pause(connection, id_, NO_SERVER, UNSET)
        return
    with begin_write(state.engine) as connection:
        for id_ in _paused(connection):
            targets.resume(connection, id_)
    sent = 0
    while number := _owe_some(state.engine, clock.now()):
        sent += number
    if sent:
        log.info("%d e-mails that waited in the outbox go out now", sent)


def sweep(engine: Engine) -> int:
    """Forgets what letters say that are over or too old, whatever kept somebody else from doing it; returns how many.
    Costs as much as there are letters under way."""
    now = clock.now()
    with engine.connect() as connection:
        if not _anything(connection):
            return 0
    with begin_write(engine) as connection:
        ledger.end_expired(connection, now)
        return ledger.wipe_ended(connection, now)


def _anything(connection: Connection) -> bool:
    return connection.scalar(select(MailMessage.id).where(ledger.IS_KEPT).limit(1)) is not None


def _owe_some(engine: Engine, now: datetime) -> int:
    with engine.connect() as connection:
        waiting = ledger.undelivered(connection, now)
    if not waiting:
        return 0
    with begin_write(engine) as connection:
        return ledger.owe(connection, waiting)


def _paused(connection: Connection) -> list[UUID]:
    held = Target.state == TargetState.PAUSED, Target.reason_code.in_((REFUSED, UNSET))
    return list(connection.scalars(select(Target.id).where(Target.kind == ledger.KIND, *held)))


def _with_open(connection: Connection) -> list[UUID]:
    has_open = select(Delivery.id).where(Delivery.target_id == Target.id, Delivery.status.in_(OPEN_STATUSES)).exists()
    active = Target.kind == ledger.KIND, Target.state == TargetState.ACTIVE
    return list(connection.scalars(select(Target.id).where(*active, has_open)))
