"""`POST /api/oauth/token`. Not an `@endpoint`: its body is a form, and its errors are those of RFC 6749."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.accounts.clients.granting import asking, service
from app.accounts.clients.granting.asking import Asked, GrantRefused
from app.accounts.clients.granting.schemas import TokenAnswer, TokenError, TokenRequest
from app.accounts.clients.granting.service import ISSUED, PER_ADDRESS, PER_CLIENT, Caller, Issued
from app.core import clock, wire
from app.core.access import public
from app.core.api import PREFIXES
from app.core.db import db, write
from app.core.errors import TooLarge
from app.core.ids import to_uuid
from app.core.jsonbody import check_content_encoding, read_request
from app.core.logs import request_id
from app.core.openapi import document
from app.core.ratelimit import limiter

PATH = "/oauth/token"
bp = Blueprint("client_grant", __name__)


@public
def token() -> Response:
    """Raises GrantRefused, TooMany, UnsupportedType."""
    asked = _asked()
    caller = Caller(request.remote_addr, request.headers.get("Origin"), request_id.get())
    found = _issued(asked, caller)
    answer = TokenAnswer(access_token=found.token, expires_in=found.lifetime_s, scope=" ".join(found.scopes))
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    return Response(wire.dumps(answer), 200, headers, mimetype="application/json")


for number, prefix in enumerate(PREFIXES):
    bp.add_url_rule(f"{prefix}{PATH}", f"token_{number}", token, methods=["POST"], provide_automatic_options=False)


def _asked() -> Asked:
    check_content_encoding(request.headers.get("Content-Encoding"))
    try:
        raw = read_request(request.environ, asking.MOST_BYTES)
    except TooLarge:
        raise GrantRefused("invalid_request", "The body is larger than 8 KB", 413) from None
    return asking.read(request.headers.get("Content-Type"), raw, request.headers.get("Authorization"))


def _issued(asked: Asked, caller: Caller) -> Issued:
    """Every attempt is counted before it is judged, and given back when it was a good one."""
    tries = ((PER_ADDRESS, caller.address or ""), (PER_CLIENT, str(to_uuid(asked.client_id))))
    limiter().reserve(tries)
    try:
        client, _until = service.verify(db.session(), asked, clock.now())
        service.check(client, asked, caller)
        limiter().give_back(tries)
        limiter().reserve([(ISSUED, str(client.id))])
        with write() as session:
            return service.issue(session, asked, caller, clock.now())
    except GrantRefused as error:
        with write() as session:
            service.note_refusal(session, asked.client_id, caller, str(error.message))
        raise


def describe() -> None:
    document(
        f"/api{PATH}",
        "POST",
        summary="Exchange a client's token for one of an hour",
        description="OAuth 2.0, client credentials (RFC 6749, 4.4): a form with `grant_type=client_credentials`; the"
        " client's id and its token as `client_id` and `client_secret`, or as HTTP Basic. The answer's token does what"
        " the client's does, or less when `scope` names less. It ends with the client, and with the token that it was"
        " exchanged for. 30 failures in five minutes from one address, 60 of one client, and 600 tokens an hour of a"
        " client are 429.",
        public=True,
        body=TokenRequest,
        answers={200: TokenAnswer, 400: TokenError, 401: TokenError, 403: TokenError, 413: TokenError, 429: None},
        tag="oauth",
        form=True,
    )
