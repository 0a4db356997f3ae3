"""Who gets a token for an hour, and which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.clients.granting.asking import Asked, GrantRefused
from app.accounts.clients.places import places_of
from app.accounts.clients.token import new_access_token, token_hash
from app.accounts.models import ApiClient, ClientToken
from app.core.access import Actor
from app.core.ids import to_uuid
from app.core.ratelimit import Limit

LIFETIME = timedelta(hours=1)
CLIENT_CREDENTIALS = "client_credentials"
PER_ADDRESS = Limit("token-address", 30, 300)  # failures only
PER_CLIENT = Limit("token-client", 60, 300)
ISSUED = Limit("token-issued", 600, 3600)  # of a client: each is good for an hour
WRONG = "Unknown client, or a wrong secret"


@dataclass(frozen=True, slots=True)
class Caller:
    """From where a request for a token comes."""

    address: str | None
    origin: str | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class Issued:
    """`token` is nowhere else; `scopes` are those that it carries."""

    token: str
    scopes: tuple[str, ...]
    lifetime_s: int


def verify(session: Session, asked: Asked, now: datetime, *, lock: bool = False) -> tuple[ApiClient, datetime | None]:
    """The client whose id and present (or previous) token these are, and when that token ends. `lock`: until the end of
    this write. Raises GrantRefused, in the same words for every reason."""
    id_ = to_uuid(asked.client_id)
    statement = select(ApiClient).where(ApiClient.id == id_)
    client = session.scalars(statement.with_for_update() if lock else statement).first() if id_ is not None else None
    digest = token_hash(asked.client_secret)
    present, previous = (client.token_hash, client.previous_token_hash or "") if client is not None else ("", "")
    is_present, is_previous = compare_digest(present, digest), compare_digest(previous, digest)
    if client is None or client.revoked_at is not None or client.is_expired or not (is_present or is_previous):
        raise GrantRefused("invalid_client", WRONG, 401)
    ends = [at for at in (None if is_present else client.previous_until, client.expires_at) if at is not None]
    if ends and min(ends) <= now:
        raise GrantRefused("invalid_client", WRONG, 401)
    return client, min(ends, default=None)


def check(client: ApiClient, asked: Asked, caller: Caller) -> tuple[str, ...]:
    """The scopes that the token will carry. Raises GrantRefused."""
    places = places_of(client.addresses, client.origins)
    if places is not None and (refusal := places.refusal(caller.address, caller.origin)) is not None:
        raise GrantRefused("unauthorized_client", str(refusal.message), 403)
    if asked.grant_type is None:
        raise GrantRefused("invalid_request", "Missing grant_type")
    if asked.grant_type != CLIENT_CREDENTIALS:
        raise GrantRefused("unsupported_grant_type", f"Only {CLIENT_CREDENTIALS} is supported")
    wanted = frozenset(client.scopes) if asked.scopes is None else asked.scopes
    if not wanted or not wanted.issubset(client.scopes):
        raise GrantRefused("invalid_scope", "Ask for scopes that this client has, or for none in particular")
    return tuple(sorted(wanted))


def issue(session: Session, asked: Asked, caller: Caller, now: datetime) -> Issued:
    """A token, in the caller's write transaction, where everything is judged once more. It ends with the token that it
    was exchanged for, when that is sooner; expired ones of the client go. Raises GrantRefused."""
    client, ends = verify(session, asked, now, lock=True)
    scopes = check(client, asked, caller)
    until = min(now + LIFETIME, ends) if ends is not None else now + LIFETIME
    token = new_access_token()
    session.execute(delete(ClientToken).where(ClientToken.client_id == client.id, ClientToken.expires_at <= now))
    session.add(
        ClientToken(
            token_hash=token_hash(token),
            client_id=client.id,
            scopes=None if asked.scopes is None else list(scopes),
            created_at=now,
            expires_at=until,
        )
    )
    changes: audit.Changes = {"scopes": [None, list(scopes)], "expires_at": [None, audit.plain(until)]}
    _note(session, client, caller, "client.token_issued", changes)
    return Issued(token, scopes, max(1, int((until - now).total_seconds())))


def note_refusal(session: Session, client_id: str, caller: Caller, reason: str) -> None:
    """For a client that exists; nobody knows whose audit the others belong in."""
    id_: UUID | None = to_uuid(client_id)
    client = session.get(ApiClient, id_) if id_ is not None else None
    if client is not None:
        _note(session, client, caller, "client.token_refused", {"reason": [None, reason]})


def _note(session: Session, client: ApiClient, caller: Caller, action: str, changes: audit.Changes) -> None:
    actor = Actor(client.account_id, None, client.name, caller.address, caller.request_id)
    audit.record(session, actor, action, subject_id=client.id, subject=client.name, changes=changes)
