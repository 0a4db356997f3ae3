"""`/api/auth/refresh`: a new access token for a program that stays signed in."""

from __future__ import annotations

from flask import request
from pydantic import Field

from app.accounts import tokens
from app.accounts.models import User
from app.accounts.refreshing import service
from app.accounts.schemas import SignedIn, UserOut
from app.accounts.tokens import Claims
from app.core import clock
from app.core.api import Schema, endpoint, resource_blueprint
from app.core.db import db, write
from app.core.errors import Unauthorized
from app.core.logs import request_id
from app.core.ratelimit import Limit, limiter
from app.core.runtime import runtime

PER_ADDRESS = Limit("refresh-address", 300, 300)  # failures; many programs of an office share one address

bp = resource_blueprint("api_refresh", __name__, "/auth")


class Refresh(Schema):
    refresh_token: str = Field(min_length=1, max_length=1024)


@bp.post("/refresh")
@endpoint(summary="Get a new access token", public=True, body=Refresh, answers={200: SignedIn, 401: None})
def refresh(body: Refresh) -> SignedIn:
    """A refresh token is good for one call, which answers the next one. One that comes again ends the whole sign-in:
    whoever holds its other tokens has to sign in again. It lives for 30 days, the sign-in for 90 at most. 401 for
    every token that is not good, 429 after 300 failures in five minutes."""
    counted = ((PER_ADDRESS, request.remote_addr or ""),)
    limiter().reserve(counted)
    now = clock.now()
    with write() as store:
        rotated = service.rotate(
            store, body.refresh_token, now, address=request.remote_addr, request_id=request_id.get()
        )
    if rotated is None:
        raise Unauthorized("Invalid or expired refresh token", challenge='Bearer error="invalid_token"')
    limiter().give_back(counted)
    return SignedIn(
        access_token=tokens.issue(runtime().settings, Claims(rotated.user_id, rotated.session_id), now),
        refresh_token=rotated.refresh_token,
        expires_in=int(tokens.LIFETIME.total_seconds()),
        user=UserOut.of(db.session().get_one(User, rotated.user_id)),
    )
