"""TRACKING_TOKEN: the client that the operator's settings ask for (CONTRACTS §1)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.clients import service
from app.accounts.clients.token import token_hash
from app.accounts.models import ApiClient
from app.accounts.sign_in import first_account

NAME = "TRACKING_TOKEN"


def ensure(session: Session, token: str) -> None:
    """Creates the client once; a changed value rotates it at once and lives again if it was revoked or had expired. A
    revoked client whose token is still in the settings stays revoked."""
    account = first_account(session)
    actor = audit.system_actor(account.id)
    if session.scalar(select(ApiClient.id).where(ApiClient.token_hash == token_hash(token))) is not None:
        return
    client = session.scalars(select(ApiClient).where(ApiClient.from_settings)).first()
    if client is None:
        values = service.ClientValues(NAME, scopes=tuple(service.Scope))
        client, _random = service.create(session, actor, values)
        client.from_settings = True
    client.revoked_at = None
    if client.is_expired:
        client.expires_at = None
    service.replace_token(session, actor, client, token, timedelta())
