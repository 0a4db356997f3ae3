"""The nightly end of registrations that nobody confirmed: the empty account that each one waits with goes too."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Engine, delete, exists, func, select
from sqlalchemy.exc import IntegrityError

from app.accounts.joining.models import Registration
from app.accounts.models import Account, User
from app.core import events
from app.core.db import begin_write

log = logging.getLogger(__name__)
DISCARDED = "account.discarded"  # whoever keeps rows of an account that nobody joined deletes them now


class Waiting(NamedTuple):
    rows: int
    oldest: datetime | None


def expired(engine: Engine, now: datetime) -> Waiting:
    """What `sweep` would remove."""
    with engine.connect() as connection:
        counted = select(func.count(), func.min(Registration.expires_at)).where(Registration.expires_at <= now)
        return Waiting(*connection.execute(counted).one())


def sweep(engine: Engine, now: datetime) -> int:
    """Removes expired registrations with their accounts, each in a transaction of its own; how many went. May run
    twice."""
    with engine.connect() as connection:
        found = connection.scalars(select(Registration.id).where(Registration.expires_at <= now)).all()
    return sum(_discard(engine, id_, now) for id_ in found)


def _discard(engine: Engine, id_: UUID, now: datetime) -> bool:
    try:
        with begin_write(engine) as connection:
            return _remove(connection, id_, now)
    except IntegrityError:  # something else points to the account already: it is looked at again tomorrow
        log.warning("an account that nobody joined is still in use")
        return False


def _remove(connection: Connection, id_: UUID, now: datetime) -> bool:
    """False when the registration was renewed or confirmed meanwhile."""
    gone = delete(Registration).where(Registration.id == id_, Registration.expires_at <= now)
    account_id = connection.execute(gone.returning(Registration.account_id)).scalar_one_or_none()
    if account_id is None:
        return False
    if not connection.scalar(select(exists().where(User.account_id == account_id))):
        events.emit(connection, DISCARDED, account_id, {})
        connection.execute(delete(Account).where(Account.id == account_id))
    return True
