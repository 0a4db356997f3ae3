"""How the deliveries of webhooks are doing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from app.deliveries import health
from app.deliveries.health import Health, Watched
from app.webhooks.models import Webhook


def of_webhooks(
    connection: Connection, account_id: UUID, webhooks: Sequence[Webhook], at: datetime
) -> dict[UUID, Health]:
    """For a page of a list; without `days`."""
    return health.of_many(connection, account_id, [watched(webhook) for webhook in webhooks], at)


def of_webhook(connection: Connection, webhook: Webhook, at: datetime) -> Health:
    return health.of_one(connection, webhook.account_id, watched(webhook), at)


def watched(webhook: Webhook) -> Watched:
    return Watched(webhook.id, webhook.target)
