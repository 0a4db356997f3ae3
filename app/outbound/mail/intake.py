"""Letters as features ask for them: kept with their cause, and owed when there is a mail server."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.core import events, mail
from app.core.db import after_commit, to_json
from app.core.ids import created_at, uuid7
from app.core.masking import hinted_email
from app.core.runtime import runtime
from app.outbound.mail import ledger
from app.outbound.mail.ledger import Owed
from app.outbound.mail.models import LETTER_PLACE

log = logging.getLogger(__name__)
DISCARDED = "account.discarded"  # emitted by accounts, for one that nobody joined
SEALED = ("to", "subject", "text", "html")


def subscribe() -> None:
    """Subscribers are the process's, not an app's: whose vault and settings count is asked when a letter comes."""
    events.subscribe(mail.REQUESTED, take)
    events.subscribe(DISCARDED, discard)


def take(connection: Connection, _name: str, account_id: UUID, payload: dict[str, Any]) -> None:
    """Keeps a letter in the transaction of its cause (inside an app's context, as all who write letters are)."""
    state = runtime()
    id_ = uuid7()
    at, recipient = created_at(id_), hinted_email(payload["to"])
    ledger.keep(
        connection,
        id=id_,
        account_id=account_id,
        purpose=payload["purpose"],
        recipient=recipient,
        sealed=state.vault.seal(LETTER_PLACE, id_, to_json({name: payload[name] for name in SEALED})),
        created_at=at,
        expires_at=payload["expires_at"],
    )
    if state.settings.smtp_url is not None:
        ledger.owe(connection, [Owed(account_id, id_, at, payload["expires_at"])])
    else:
        said = partial(log.warning, "an e-mail waits in the outbox for %s, since SMTP_URL is not set", recipient)
        after_commit(connection, f"mail {id_}", said)


def discard(connection: Connection, _name: str, account_id: UUID, _payload: dict[str, Any]) -> None:
    ledger.discard(connection, account_id)
