"""`/api/clients`: the applications that report events."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from flask import Response, after_this_request, g, request
from sqlalchemy.exc import OperationalError

from app.accounts.clients import denials, lookup, service
from app.accounts.clients.places import places_of
from app.accounts.clients.schemas import (
    ClientChange,
    ClientFilter,
    ClientIn,
    ClientOut,
    ClientWithToken,
    Revocation,
    Rotation,
)
from app.accounts.models import ApiClient
from app.core import clock
from app.core.access import acting, current_actor
from app.core.api import Principal, authenticate_with, current, endpoint, resource_blueprint
from app.core.conflicts import presenting
from app.core.db import db, write
from app.core.ids import to_uuid
from app.core.pagination import PageOf, paginate
from app.core.ratelimit import limiter
from app.core.runtime import runtime

bp = resource_blueprint("api_clients", __name__, "/clients")


@bp.get("")
@endpoint(summary="List API clients", permission="clients.view", query=ClientFilter, answers={200: PageOf[ClientOut]})
def index(query: ClientFilter) -> PageOf[ClientOut]:
    """Sorts by createdAt, name, lastUsedAt; `q` finds parts of the name and the last four characters of the token."""
    found = service.search(current().account_id, query.q, query.state, query.sort)
    return paginate(db.session(), found, page=query.page, limit=query.limit).answer(ClientOut.model_validate)


@bp.post("")
@endpoint(
    summary="Create an API client",
    permission="clients.edit",
    body=ClientIn,
    answers={201: ClientWithToken},
    confirmed=True,
)
def create(body: ClientIn) -> ClientWithToken:
    """The token is in this answer and nowhere else."""
    with write() as session:
        client, token = service.create(session, current_actor(), service.ClientValues(**body.given()))
    return ClientWithToken.of(client, token)


@bp.get("/<id>")
@endpoint(summary="Get an API client", permission="clients.view", answers={200: ClientOut})
def show(id: str) -> ClientOut:
    return ClientOut.model_validate(service.get(db.session(), current().account_id, to_uuid(id)))


@bp.put("/<id>")
@endpoint(
    summary="Change an API client",
    permission="clients.edit",
    body=ClientChange,
    answers={200: ClientOut, 409: None},
    confirmed=True,
)
def update(id: str, body: ClientChange) -> ClientOut:
    with presenting(ApiClient, ClientOut.model_validate), write() as session:
        client = service.update(session, current_actor(), to_uuid(id), body.given(), body.version)
    return ClientOut.model_validate(client)


@bp.post("/<id>/rotate")
@endpoint(
    summary="Give an API client a new token",
    permission="clients.edit",
    body=Rotation,
    answers={200: ClientWithToken, 409: None},
    confirmed=True,
)
def rotate(id: str, body: Rotation) -> ClientWithToken:
    """The token before stays valid for `overlapHours`; with 0 it ends at once."""
    with presenting(ApiClient, ClientOut.model_validate), write() as session:
        client, token = service.rotate(session, current_actor(), to_uuid(id), body.overlap_hours, body.version)
    return ClientWithToken.of(client, token)


@bp.delete("/<id>")
@endpoint(summary="Revoke an API client", permission="clients.edit", query=Revocation, answers={204: None, 409: None})
def revoke(id: str, query: Revocation) -> None:
    """Ends its tokens at once, for good. The client stays listed, with its events."""
    with presenting(ApiClient, ClientOut.model_validate), write() as session:
        service.revoke(session, current_actor(), to_uuid(id), query.version)


@authenticate_with
def by_token(token: str) -> Principal | None:
    """The API client of a token, with what its scopes name. Raises Forbidden where it may not be used from here."""
    now = clock.now()
    found = lookup.find_by_token(db.session(), token, now)
    if found is None:
        return None
    client, origin = found.client, request.headers.get("Origin")
    actor = acting(client.account_id, None, client.name)
    places = places_of(client.addresses, client.origins)
    if places is not None and (refusal := places.refusal(actor.ip_address, origin)) is not None:
        denials.note(runtime().engine, limiter(), actor, client.id, str(refusal.message))
        raise refusal
    if lookup.is_use_due(client, now):
        _note_use(client.id, None if origin is not None else actor.ip_address)
    g.actor = actor
    return Principal(client.account_id, lookup.permissions_of(found.scopes), client_id=client.id, scopes=found.scopes)


def _note_use(id_: UUID, address: str | None) -> None:
    """After the answer was made, which stands when nothing can be written. A browser's address is a person's, and not
    kept."""

    @after_this_request
    def note(response: Response) -> Response:
        with suppress(OperationalError):
            lookup.note_use(runtime().engine, id_, address, clock.now())
        return response
