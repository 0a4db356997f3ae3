"""From a bearer token to its client: its present one, the one before within its overlap, or one for an hour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, Select, or_, select, update
from sqlalchemy.orm import Session

from app.accounts.clients.token import token_hash
from app.accounts.models import ApiClient, ClientToken
from app.core.db import begin_write

SCOPE_PERMISSIONS = {"events:write": "events.write", "stats:read": "stats.read"}
USE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Found:
    """A client, and what the token that was shown is good for."""

    client: ApiClient
    scopes: frozenset[str]


def find_by_token(session: Session, token: str, now: datetime) -> Found | None:
    """None when the token, or its client, is unknown, revoked or expired."""
    digest = token_hash(token)
    row = session.execute(with_token(select(ApiClient), digest)).one_or_none()
    if row is None:
        return None
    until = good_until(row.ApiClient, row.token_until, digest)
    if until is not None and until <= now:
        return None
    return Found(row.ApiClient, good_scopes(row.ApiClient.scopes, row.token_scopes))


def with_token(statement: Select[Any], digest: str) -> Select[Any]:
    """A select from api_client, for the one client that this token is of, unless it was revoked; `token_scopes` and
    `token_until` are those of a token for an hour, null for the client's own."""
    issued = select(ClientToken.client_id).where(ClientToken.token_hash == digest).scalar_subquery()
    previous = (ApiClient.previous_token_hash == digest) & ApiClient.previous_until.is_not(None)
    return (
        statement.add_columns(ClientToken.scopes.label("token_scopes"), ClientToken.expires_at.label("token_until"))
        .outerjoin(ClientToken, (ClientToken.client_id == ApiClient.id) & (ClientToken.token_hash == digest))
        .where(or_(ApiClient.token_hash == digest, previous, ApiClient.id == issued))
        .where(ApiClient.revoked_at.is_(None))
        .limit(1)
    )


def good_until(client: Any, token_until: datetime | None, digest: str) -> datetime | None:
    """When this token ends, with its client or by itself; None for never. `client`: a row with the columns of one."""
    own = None if client.token_hash == digest else token_until or client.previous_until
    return min((at for at in (own, client.expires_at) if at is not None), default=None)


def good_scopes(scopes: Iterable[str], token_scopes: Iterable[str] | None) -> frozenset[str]:
    """What was taken from the client is taken from its tokens too."""
    return frozenset(scopes) if token_scopes is None else frozenset(scopes).intersection(token_scopes)


def permissions_of(scopes: Iterable[str]) -> frozenset[str]:
    """What the scopes name; nothing of what people may."""
    return frozenset(SCOPE_PERMISSIONS[scope] for scope in scopes if scope in SCOPE_PERMISSIONS)


def is_use_due(client: ApiClient, now: datetime) -> bool:
    return client.last_used_at is None or now - client.last_used_at >= USE_EVERY


def note_use(engine: Engine, id_: UUID, address: str | None, now: datetime) -> None:
    """Notes when a client was used last, and from where; the caller asks `is_use_due` first."""
    with begin_write(engine) as connection:
        values = {"last_used_at": now, "last_address": address}
        connection.execute(update(ApiClient).where(ApiClient.id == id_).values(**values))
