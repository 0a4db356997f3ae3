"""Letters that were not sent yet, opened for an administrator; and that one was passed on by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.core import clock
from app.core.access import Actor
from app.core.errors import Conflict, NotFound
from app.core.runtime import Runtime
from app.core.vault import VaultError
from app.outbound import repair
from app.outbound.mail import ledger, upkeep
from app.outbound.mail.models import LETTER_PLACE, MailMessage
from app.outbound.models import Delivery, Status, Target, TargetState

MOST = 100  # letters of one page
PASSED_ON, READ = "outbox.passed_on", "outbox.read"


class State(StrEnum):
    """Why a letter has not gone."""

    UNSENT = "unsent"  # there was no mail server
    HELD = "held"  # the mail server waits for a person
    UNDER_WAY = "under_way"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One letter. `to`, `subject` and `text` are empty where no key opens it, and where it `is_veiled`: on its way, so
    that what it says is for its recipient alone."""

    id: UUID
    account_id: UUID
    purpose: str
    recipient: str  # masked
    created_at: datetime
    expires_at: datetime
    state: State
    reason: str | None
    is_veiled: bool = False
    to: str = ""
    subject: str = ""
    text: str = ""

    @property
    def is_readable(self) -> bool:
        return bool(self.to)


def waiting(session: Session, state: Runtime, account_id: UUID | None, limit: int = MOST) -> list[Waiting]:
    """Newest first; those of every account for None (the command line), who reads all of them. An account's own
    administrators read what nothing can send: else, with a mail server at work, anybody could confirm addresses that
    are not theirs by looking here quickly, or by pausing the mail."""
    delivery = (Delivery.account_id == MailMessage.account_id) & (Delivery.id == MailMessage.id)
    columns = (
        MailMessage.__table__,
        Delivery.status,
        Target.state.label("target_state"),
        Target.reason,
        Target.reason_code,
    )
    found = (
        select(*columns)
        .outerjoin(Delivery, delivery)
        .outerjoin(Target, Target.id == Delivery.target_id)
        .where(ledger.IS_KEPT, MailMessage.expires_at > clock.now())
        .order_by(MailMessage.id.desc())
        .limit(limit)
    )
    if account_id is not None:
        found = found.where(MailMessage.account_id == account_id)
    return list(_opened(state, session.execute(found).all(), is_operator=account_id is None))


def _opened(state: Runtime, rows: Sequence[Row[Any]], *, is_operator: bool) -> Iterator[Waiting]:
    for row in rows:
        if row.status in (Status.DONE, Status.DEAD, Status.CANCELLED):
            continue  # over, and wiped in a moment
        stands, reason = State.UNDER_WAY, None
        if row.status is None:
            stands = State.UNSENT
        elif row.target_state == TargetState.PAUSED:
            stands, reason = State.HELD, row.reason
        is_veiled = not (is_operator or stands == State.UNSENT or _is_stuck(row))
        words = {} if is_veiled else _words_of(state, row)
        yield Waiting(
            is_veiled=is_veiled,
            id=row.id,
            account_id=row.account_id,
            purpose=row.purpose,
            recipient=row.recipient,
            created_at=row.created_at,
            expires_at=row.expires_at,
            state=stands,
            reason=reason,
            **{name: words.get(name, "") for name in ("to", "subject", "text")},
        )


def _is_stuck(row: Row[Any]) -> bool:
    """Whether the mail server, or that there is none, holds it; and not a person of the account."""
    return row.target_state == TargetState.PAUSED and row.reason_code in (upkeep.REFUSED, upkeep.UNSET)


def _words_of(state: Runtime, row: Row[Any]) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(state.vault.open(LETTER_PLACE, row.id, row.sealed))
    except VaultError:
        return {}
    return found


def note_reading(session: Session, actor: Actor, letters: Sequence[Waiting]) -> None:
    """Their links open doors, other people's too: who read them is kept."""
    recipients = sorted({letter.recipient for letter in letters})
    changes: audit.Changes = {"number": [None, len(letters)], "recipients": [None, recipients]}
    audit.record(session, actor, READ, changes=changes)


def pass_on(session: Session, actor: Actor, id: UUID | None) -> None:
    """Somebody told the recipient: what it says is forgotten, and it is not sent any more. Raises NotFound (another
    account's too, and one that is over), Conflict while a worker has it in hand."""
    mine = MailMessage.account_id == actor.account_id, MailMessage.id == id, ledger.IS_KEPT
    recipient = session.scalar(select(MailMessage.recipient).where(*mine))
    if id is None or recipient is None:
        raise NotFound
    connection, now = session.connection(), clock.now()
    stop(session, actor.account_id, id, now)
    ledger.wipe(connection, actor.account_id, id, now)
    audit.record(session, actor, PASSED_ON, subject_id=id, subject=recipient)


def stop(session: Session, account_id: UUID, id: UUID, now: datetime) -> None:
    repair.cancel(session.connection(), account_id, [id], now)
    open_ones = select(Delivery.id).where(Delivery.account_id == account_id, Delivery.id == id, ledger.IS_OPEN)
    if session.scalar(open_ones) is not None:
        raise Conflict(_l("A worker has it in hand just now: it may be on its way. Try again in a moment."))


def account_of(session: Session, id: UUID) -> UUID | None:
    """Whose letter it is, for the command line."""
    return session.scalar(select(MailMessage.account_id).where(MailMessage.id == id))
