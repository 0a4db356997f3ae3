"""The attempts that were made for one webhook, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select, text
from sqlalchemy.orm import Session

from app.core.exchange import Verdict
from app.core.pagination import DEFAULT_LIMIT, Page, keyset
from app.outbound.models import Attempt, Delivery
from app.webhooks import signatures
from app.webhooks.models import WebhookMessage

ARRIVED = text("attempt.outcome = 'sent'")
FAILED = text("attempt.outcome <> 'sent'")  # as the partial index spells it


@dataclass(frozen=True, slots=True)
class Entry:
    """One attempt. `message_id` as the receiver sees it in `webhook-id`; it and `event` are None when retention has
    taken the delivery or the message."""

    id: UUID
    delivery_id: UUID
    message_id: str | None
    event: str | None
    attempt: int
    success: bool
    http_status: int | None
    response: str | None
    error: str | None
    duration_ms: int
    created_at: datetime


def attempts(
    session: Session,
    account_id: UUID,
    webhook_id: UUID,
    *,
    success: bool | None = None,
    after: str | None = None,
    page: int = 1,
    limit: int = DEFAULT_LIMIT,
) -> Page[Entry]:
    """Of a webhook that is known to be the account's own. Raises Malformed for a cursor that is not ours."""
    mine: list[Any] = [Attempt.target_id == webhook_id]
    if success is not None:
        mine.append(ARRIVED if success else FAILED)
    told = (
        select(Attempt, Delivery.ref_id, WebhookMessage.event)
        .outerjoin(Delivery, and_(Delivery.account_id == account_id, Delivery.id == Attempt.delivery_id))
        .outerjoin(
            WebhookMessage,
            and_(
                WebhookMessage.account_id == account_id,
                WebhookMessage.created_at == Delivery.ref_at,
                WebhookMessage.id == Delivery.ref_id,
            ),
        )
        .where(*mine)
    )
    counting = select(Attempt.id).where(*mine)
    found = keyset(session, told, [Attempt.id.desc()], after, limit, page=page, counting=counting)
    rows = [_entry(*row) for row in found.rows]
    return Page(rows, found.page, found.limit, found.total, found.more, found.next)


def _entry(attempt: Attempt, message: UUID | None, event: str | None) -> Entry:
    arrived = attempt.outcome == Verdict.SENT
    return Entry(
        id=attempt.id,
        delivery_id=attempt.delivery_id,
        message_id=None if message is None else signatures.message_id(message),
        event=event,
        attempt=attempt.n,
        success=arrived,
        http_status=attempt.http_status,
        response=attempt.response,
        error=None if arrived else attempt.detail or str(attempt.outcome),
        duration_ms=attempt.duration_ms,
        created_at=attempt.started_at,
    )
