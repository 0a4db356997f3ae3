"""From a bearer token to its client."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.accounts.clients.token import token_hash
from app.accounts.models import ApiClient

SCOPE_PERMISSIONS = {"events:write": "events.write", "stats:read": "stats.read"}


def find_by_token(session: Session, token: str, now: datetime) -> ApiClient | None:
    """The client whose present token, or whose previous one within its overlap, this is; None when it was revoked."""
    digest = token_hash(token)
    found = session.scalars(
        select(ApiClient).where(or_(ApiClient.token_hash == digest, ApiClient.previous_token_hash == digest))
    ).first()
    return found if found is not None and accepts(found, digest, now) else None


def accepts(client: ApiClient, digest: str, now: datetime) -> bool:
    """Whether the client takes the token of this hash now."""
    if client.revoked_at is not None:
        return False
    if client.token_hash == digest:
        return True
    return client.previous_token_hash == digest and client.previous_until is not None and now < client.previous_until


def permissions_of(client: ApiClient) -> frozenset[str]:
    """What its scopes name; nothing of what people may."""
    return frozenset(SCOPE_PERMISSIONS[scope] for scope in client.scopes if scope in SCOPE_PERMISSIONS)
