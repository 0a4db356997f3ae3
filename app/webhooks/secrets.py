"""The secrets of webhooks: which are alive, and receivers as the engine calls them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, or_, select, update

from app.core.ids import uuid7
from app.core.runtime import Runtime
from app.core.vault import Vault, VaultError, last_four
from app.webhooks.adapter import Receiver
from app.webhooks.models import HEADERS_PLACE, SECRET_PLACE, Schedule, Webhook, WebhookSecret

SecretRow = Row[str, datetime, datetime | None, UUID, UUID, str]
MAX_ALIVE = 5  # each is one more signature in a header


def alive(
    connection: Connection, vault: Vault, webhook_ids: Sequence[UUID], now: datetime
) -> dict[UUID, tuple[str, ...]]:
    """What each webhook's deliveries are signed with: the current one first, then replaced ones, the newest first. A
    webhook with one that cannot be read any more is absent: signing without it would break whoever verifies with it."""
    found: dict[UUID, list[str]] = {}
    unread: set[UUID] = set()
    for row in _rows(connection, webhook_ids, now):
        try:
            found.setdefault(row.webhook_id, []).append(vault.open(SECRET_PLACE, row.id, row.sealed))
        except VaultError:
            unread.add(row.webhook_id)
    return {id_: tuple(secrets) for id_, secrets in found.items() if id_ not in unread}


def receivers(connection: Connection, state: Runtime, ids: Sequence[UUID], now: datetime) -> dict[UUID, Receiver]:
    """Webhooks as they are called. Absent: those that are gone, or of which something sealed cannot be read."""
    secrets = alive(connection, state.vault, ids, now)
    columns = (Webhook.id, Webhook.url, Webhook.sealed_headers, Webhook.schedule)
    found = {}
    for row in connection.execute(select(*columns).where(Webhook.id.in_(list(secrets)))):
        try:
            headers = open_headers(state.vault, row.id, row.sealed_headers)
        except VaultError:
            continue
        found[row.id] = Receiver(row.url, secrets[row.id], headers, Schedule(row.schedule))
    return found


def open_headers(vault: Vault, webhook_id: UUID, sealed: str | None) -> Mapping[str, str]:
    """A webhook's own headers, name -> value. Raises VaultError."""
    if sealed is None:
        return {}
    headers: dict[str, str] = json.loads(vault.open(HEADERS_PLACE, webhook_id, sealed))
    return headers


def seal_headers(vault: Vault, webhook_id: UUID, headers: Mapping[str, str]) -> str | None:
    return vault.seal(HEADERS_PLACE, webhook_id, json.dumps(dict(headers))) if headers else None


def count_alive(connection: Connection, webhook_id: UUID, now: datetime) -> int:
    return len(_rows(connection, [webhook_id], now))


def shown(connection: Connection, webhook_ids: Sequence[UUID], now: datetime) -> dict[UUID, list[SecretRow]]:
    """Last four characters, when made, until when alive (None: the current one); in the order of `alive`."""
    found: dict[UUID, list[SecretRow]] = {}
    for row in _rows(connection, webhook_ids, now):
        found.setdefault(row.webhook_id, []).append(row)
    return found


def replace(
    connection: Connection, vault: Vault, webhook: Webhook, secret: str, now: datetime, overlap: timedelta | None = None
) -> None:
    """Makes `secret` the current one; those before sign on for `overlap`, never longer than they would have, and die
    at once without one. Takes away what has died."""
    end_by(connection, webhook.id, now + (overlap or timedelta()), also_current=True)
    remove_dead(connection, webhook.id, now)
    id_ = uuid7()
    row = {
        "id": id_,
        "account_id": webhook.account_id,
        "webhook_id": webhook.id,
        "sealed": vault.seal(SECRET_PLACE, id_, secret),
        "last4": last_four(secret),
        "created_at": now,
        "expires_at": None,
    }
    connection.execute(insert(WebhookSecret).values(row))


def end_by(connection: Connection, webhook_id: UUID, moment: datetime, *, also_current: bool = False) -> None:
    """Replaced secrets end at `moment`, or when they would have anyway if that is sooner."""
    later: ColumnElement[bool] = WebhookSecret.expires_at > moment
    if also_current:
        later = or_(later, WebhookSecret.expires_at.is_(None))
    mine = and_(WebhookSecret.webhook_id == webhook_id, later)
    connection.execute(update(WebhookSecret).where(mine).values(expires_at=moment))


def remove_dead(connection: Connection, webhook_id: UUID, now: datetime) -> None:
    dead = (WebhookSecret.webhook_id == webhook_id) & (WebhookSecret.expires_at <= now)
    connection.execute(delete(WebhookSecret).where(dead))


def _rows(connection: Connection, webhook_ids: Sequence[UUID], now: datetime) -> list[SecretRow]:
    columns = (WebhookSecret.last4, WebhookSecret.created_at, WebhookSecret.expires_at,
               WebhookSecret.webhook_id, WebhookSecret.id, WebhookSecret.sealed)  # fmt: skip
    living = or_(WebhookSecret.expires_at.is_(None), WebhookSecret.expires_at > now)
    found = connection.execute(select(*columns).where(WebhookSecret.webhook_id.in_(webhook_ids), living)).all()
    return sorted(found, key=lambda row: (row.expires_at is None, row.id), reverse=True)
