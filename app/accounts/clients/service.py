"""The verbs of API clients. Every change moves the configuration version, so that caches let go in the same commit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.clients.token import new_token, token_hash
from app.accounts.clients.values import DECIDED, MAX_LIMIT, AnswerMode, ClientValues, Scope, checked
from app.accounts.models import ApiClient, ClientToken
from app.core import clock, config_version
from app.core.access import Actor
from app.core.errors import N_, Conflict, Invalid, NotFound
from app.core.ids import uuid7
from app.core.pagination import Column, order_by

__all__ = [
    "DEFAULT_OVERLAP_H", "MAX_LIMIT", "MAX_OVERLAP_H", "SORTS", "STATES", "AnswerMode", "ClientValues", "Scope",
    "create", "get", "replace_token", "revoke", "rotate", "search", "update",
]  # fmt: skip

MAX_OVERLAP_H = 168
DEFAULT_OVERLAP_H = 24
REVOKED = N_("This client was revoked and cannot be changed.")
SORTS: dict[str, Column] = {
    "name": func.lower(ApiClient.name),
    "createdAt": ApiClient.created_at,
    "lastUsedAt": func.coalesce(ApiClient.last_used_at, ApiClient.created_at),
}
STATES = ("active", "expired", "revoked")


def create(session: Session, actor: Actor, values: ClientValues) -> tuple[ApiClient, str]:
    """A new client of the actor's account, and its token, which nobody can show again. Raises Invalid."""
    token = new_token()
    now = clock.now()
    client = ApiClient(
        id=uuid7(),
        account_id=actor.account_id,
        token_hash=token_hash(token),
        token_last4=token[-4:],
        created_by=actor.user_id,
        created_at=now,
        updated_at=now,
        version=1,
        **checked(session, actor.account_id, values),
    )
    session.add(client)
    session.flush()
    after = audit.values_of(client, DECIDED)
    _note(session, actor, client, "client.created", audit.changed({}, after))
    return client, token


def update(
    session: Session, actor: Actor, id_: UUID | None, given: Mapping[str, Any], version: int | None = None
) -> ApiClient:
    """Replaces the given `ClientValues` fields. Raises NotFound, Invalid, and Conflict when `version` is stale or the
    client was revoked."""
    client = _changeable(session, actor, id_, version)
    before = audit.values_of(client, DECIDED)
    present = {field: getattr(client, field) for field in DECIDED}
    for field, value in checked(session, actor.account_id, ClientValues(**{**present, **given}), client).items():
        setattr(client, field, value)
    changes = audit.changed(before, audit.values_of(client, DECIDED))
    if changes:
        _touch(client)
        _note(session, actor, client, "client.updated", changes)
    return client


def rotate(
    session: Session, actor: Actor, id_: UUID | None, overlap_h: int = DEFAULT_OVERLAP_H, version: int | None = None
) -> tuple[ApiClient, str]:
    """A new token; the one before stays valid for `overlap_h` hours (0 to 168). A token that was already on its way
    out ends now. Raises NotFound, Invalid, Conflict."""
    if not 0 <= overlap_h <= MAX_OVERLAP_H:
        raise Invalid({"overlapHours": [N_("Choose 0 to 168 hours.")]})
    client = _changeable(session, actor, id_, version)
    return client, replace_token(session, actor, client, new_token(), timedelta(hours=overlap_h))


def replace_token(session: Session, actor: Actor, client: ApiClient, token: str, overlap: timedelta) -> str:
    keeps, now = overlap > timedelta(), clock.now()
    ends_one = client.previous_until is not None and client.previous_until > now
    client.previous_token_hash = client.token_hash if keeps else None
    client.previous_last4 = client.token_last4 if keeps else None
    client.previous_until = now + overlap if keeps else None
    client.token_hash, client.token_last4 = token_hash(token), token[-4:]
    if ends_one or not keeps:  # what was exchanged for a token ends with it, and nobody knows which were
        _end_issued(session, client)
    _touch(client)
    _note(session, actor, client, "client.rotated", {"previous_until": [None, audit.plain(client.previous_until)]})
    return token


def revoke(session: Session, actor: Actor, id_: UUID | None, version: int | None = None) -> ApiClient:
    """Ends the client and its tokens, for good. Revoking twice changes nothing."""
    client = get(session, actor.account_id, id_, lock=True)
    if client.revoked_at is not None:
        return client
    _check_version(client, version)
    client.revoked_at = clock.now()
    client.previous_token_hash = client.previous_last4 = client.previous_until = None
    _end_issued(session, client)
    _touch(client)
    _note(session, actor, client, "client.revoked", None)
    return client


def get(session: Session, account_id: UUID, id_: UUID | None, *, lock: bool = False) -> ApiClient:
    """A client of this account. Raises NotFound, for somebody else's too. `lock`: until the end of this write."""
    statement = select(ApiClient).where(ApiClient.id == id_, ApiClient.account_id == account_id)
    client = session.scalars(statement.with_for_update() if lock else statement).first()
    if client is None:
        raise NotFound
    return client


def search(
    account_id: UUID, text: str | None = None, state: str | None = None, sort: str | None = None
) -> Select[ApiClient]:
    """The clients of an account, to be paged. `state`: one of STATES, or None for all; `sort`: one of SORTS."""
    statement = select(ApiClient).where(ApiClient.account_id == account_id)
    if text:
        statement = statement.where(
            or_(ApiClient.name.icontains(text, autoescape=True), ApiClient.token_last4 == text.strip()[-4:])
        )
    is_revoked, is_expired = ApiClient.revoked_at.is_not(None), ApiClient.expires_at <= clock.now()
    conditions = {
        "active": ~is_revoked & or_(ApiClient.expires_at.is_(None), ~is_expired),
        "expired": ~is_revoked & is_expired,
        "revoked": is_revoked,
    }
    if state in conditions:
        statement = statement.where(conditions[state])
    return statement.order_by(*order_by(sort, SORTS, "-createdAt", ApiClient.id))


def _changeable(session: Session, actor: Actor, id_: UUID | None, version: int | None) -> ApiClient:
    client = get(session, actor.account_id, id_, lock=True)
    _check_version(client, version)
    if client.revoked_at is not None:
        raise Conflict(REVOKED, client)
    return client


def _check_version(client: ApiClient, version: int | None) -> None:
    if version is not None and version != client.version:
        raise Conflict(current=client)


def _end_issued(session: Session, client: ApiClient) -> None:
    """Its tokens for an hour."""
    session.execute(delete(ClientToken).where(ClientToken.client_id == client.id))


def _touch(client: ApiClient) -> None:
    client.version += 1
    client.updated_at = clock.now()


def _note(session: Session, actor: Actor, client: ApiClient, action: str, changes: audit.Changes | None) -> None:
    session.flush()
    audit.record(session, actor, action, subject_id=client.id, subject=client.name, changes=changes)
    config_version.bump(session.connection())
