"""Letters in the database: kept sealed with what they are owed by, ended, wiped, and gone with their account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from sqlalchemy import Connection, delete, exists, insert, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from app.core import clock
from app.core.db import after_commit, by_account
from app.core.queue import ring
from app.outbound.mail.models import MailMessage
from app.outbound.models import Attempt, Delivery, DeliveryHour, DeliveryTally, ErrorClass, Status, Target
from app.outbound.tally import OPEN, Shift, Stand, shift

KIND = "mail"
LABEL = "E-mail"
PART = 200  # letters of one short transaction
TOO_OLD = "Too old to be sent"
IS_KEPT = MailMessage.sealed.is_not(None)
IS_OPEN = text("status IN ('pending', 'leased')")
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Owed(NamedTuple):
    """A letter that is to be sent."""

    account_id: UUID
    id: UUID
    created_at: datetime
    expires_at: datetime


def target_id(account_id: UUID) -> UUID:
    """The one receiver of an account's letters, the mail server: told from the account, so that two who need it at
    once make the same."""
    return uuid5(account_id, KIND)


def keep(connection: Connection, **row: Any) -> None:
    connection.execute(insert(MailMessage), row)


def owe(connection: Connection, letters: Sequence[Owed]) -> int:
    """Deliveries of letters that have none yet, by their own ids; rings. Returns how many were made."""
    made = [letter for letter in letters if _deliver(connection, letter)]
    new = [Shift(one.account_id, target_id(one.account_id), one.created_at, None, OPEN) for one in made]
    shift(connection, new, apart=True)
    if made:
        after_commit(connection, "bell", ring)
    return len(made)


def _deliver(connection: Connection, letter: Owed) -> bool:
    into = _INSERT[connection.dialect.name]
    target, now = target_id(letter.account_id), clock.now()
    row = {"id": target, "account_id": letter.account_id, "kind": KIND, "label": LABEL, "updated_at": now}
    connection.execute(into(Target).on_conflict_do_nothing(), row)
    delivery = {
        "account_id": letter.account_id,
        "id": letter.id,
        "kind": KIND,
        "target_id": target,
        "ref_id": letter.id,
        "ref_at": letter.created_at,
        "generation": 0,
        "status": Status.PENDING,
        "attempts": 0,
        "next_at": now,
        "expires_at": letter.expires_at,
        "created_at": letter.created_at,
    }
    return bool(connection.execute(into(Delivery).on_conflict_do_nothing(), delivery).rowcount)


def undelivered(connection: Connection, now: datetime) -> list[Owed]:
    """Letters that wait in the outbox since there was nothing to send them with, the oldest first (at most PART)."""
    has_one = exists().where(Delivery.account_id == MailMessage.account_id, Delivery.id == MailMessage.id)
    columns = (MailMessage.account_id, MailMessage.id, MailMessage.created_at, MailMessage.expires_at)
    waiting = select(*columns).where(IS_KEPT, MailMessage.expires_at > now, ~has_one)
    return [Owed(*row) for row in connection.execute(waiting.order_by(MailMessage.id).limit(PART))]


# -- wiping -------------------------------------------------------------------------------------------------------


def wipe(connection: Connection, account_id: UUID, id: UUID, now: datetime) -> bool:
    """Forgets what one letter says; False when that was done already."""
    one = update(MailMessage).where(MailMessage.account_id == account_id, MailMessage.id == id, IS_KEPT)
    return bool(connection.execute(one.values(sealed=None, wiped_at=now)).rowcount)


def wipe_ended(connection: Connection, now: datetime, ids: Iterable[UUID] | None = None) -> int:
    """Forgets what letters say that were sent, given up or cancelled (of `ids`, or all), or are too old."""
    is_over = exists().where(
        Delivery.account_id == MailMessage.account_id,
        Delivery.id == MailMessage.id,
        Delivery.status.in_((Status.DONE, Status.DEAD, Status.CANCELLED)),
    )
    ended = update(MailMessage).where(IS_KEPT, or_(MailMessage.expires_at <= now, is_over))
    if ids is not None:
        ended = ended.where(MailMessage.id.in_(list(ids)))
    return connection.execute(ended.values(sealed=None, wiped_at=now)).rowcount


def end_expired(connection: Connection, now: datetime) -> int:
    """Cancels what a pause kept back until it was too old. What a worker has in hand is left to the engine."""
    too_old = select(MailMessage.account_id, MailMessage.id).where(IS_KEPT, MailMessage.expires_at <= now).limit(PART)
    ended = 0
    for account_id, ids in by_account((row.account_id, row.id) for row in connection.execute(too_old)).items():
        in_hand = (Delivery.status == Status.LEASED) & (Delivery.next_at > now)
        done = connection.execute(
            update(Delivery)
            .where(Delivery.account_id == account_id, Delivery.id.in_(ids), IS_OPEN, ~in_hand)
            .values(status=Status.CANCELLED, done_at=now, lease_token=None, error=ErrorClass.EXPIRED, detail=TOO_OLD)
            .returning(Delivery.target_id, Delivery.ref_at)
        ).all()
        stand = Stand(Status.CANCELLED, ErrorClass.EXPIRED, now)
        shift(connection, [Shift(account_id, target, ref_at, OPEN, stand) for target, ref_at in done], apart=True)
        ended += len(done)
    return ended


def discard(connection: Connection, account_id: UUID) -> None:
    """Of an account that nobody joined: letters, what they are owed by, its receiver and the figures of that."""
    own = Delivery.account_id == account_id, Delivery.kind == KIND
    target = target_id(account_id)
    tried = select(Delivery.id).where(*own)
    connection.execute(delete(Attempt).where(Attempt.account_id == account_id, Attempt.delivery_id.in_(tried)))
    connection.execute(delete(Delivery).where(*own))
    for figures in (DeliveryHour, DeliveryTally):
        connection.execute(delete(figures).where(figures.account_id == account_id, figures.target_id == target))
    connection.execute(delete(MailMessage).where(MailMessage.account_id == account_id))
    connection.execute(delete(Target).where(Target.account_id == account_id, Target.id == target))
