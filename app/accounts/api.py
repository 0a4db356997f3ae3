"""`/api/auth`: access tokens for people, and how every endpoint recognises people and clients by their tokens."""

from __future__ import annotations

from flask import g, request

from app.accounts import audit, sessions, sign_in, tokens
from app.accounts.clients import lookup
from app.accounts.models import User
from app.accounts.schemas import SignedIn, SignIn, UserOut
from app.accounts.sign_in import WrongCredentials
from app.accounts.tokens import Claims
from app.core import clock
from app.core.access import acting, current_actor
from app.core.api import Principal, authenticate_with, current, endpoint, resource_blueprint
from app.core.db import db, write
from app.core.logs import request_id
from app.core.ratelimit import limiter
from app.core.runtime import runtime

bp = resource_blueprint("api_auth", __name__, "/auth")


@bp.post("/login")
@endpoint(summary="Sign in", public=True, body=SignIn, answers={200: SignedIn})
def login(body: SignIn) -> SignedIn:
    """Answers an access token that is valid for 15 minutes. 401 when e-mail or password is wrong, 429 after ten
    failures in five minutes."""
    try:
        verified = sign_in.verify(
            db.session(), limiter(), email=body.email, password=body.password, address=request.remote_addr
        )
    except WrongCredentials as error:
        with write() as store:
            sign_in.record_failure(store, error.user_id, request.remote_addr, request_id.get())
        raise
    with write() as store:
        opened, _browser_token = sign_in.open_session(
            store,
            verified,
            address=request.remote_addr,
            request_id=request_id.get(),
            user_agent=request.user_agent.string,
            kind=sessions.Kind.PROGRAM,
        )
        claims = Claims(opened.user_id, opened.id)
    return SignedIn(
        access_token=tokens.issue(runtime().settings, claims, clock.now()),
        refresh_token=None,
        expires_in=int(tokens.LIFETIME.total_seconds()),
        user=UserOut.of(db.session().get_one(User, claims.user_id)),
    )


@bp.post("/logout")
@endpoint(summary="Sign out", permission="profile.edit", answers={204: None})
def logout() -> None:
    """Ends the token's session: the token is dead at once."""
    with write() as store:
        sessions.end(store, g.api_session_id)
        audit.record(store, current_actor(), "session.ended")


@bp.get("/me")
@endpoint(summary="Who am I", permission="profile.edit", answers={200: UserOut})
def me() -> UserOut:
    return UserOut.of(db.session().get_one(User, current().user_id))


@authenticate_with
def person(token: str) -> Principal | None:
    """The person of an access token, while the session it came from lives; role and account from the database."""
    claims = tokens.read(runtime().settings, token, clock.now())
    opened = sessions.find_by_id(db.session(), claims.session_id) if claims is not None else None
    if claims is None or opened is None or opened.user_id != claims.user_id:
        return None
    user = opened.user
    g.actor = acting(user.account_id, user.id, user.email)
    g.api_session_id = opened.id
    g.confirmed_at = opened.confirmed_at
    return Principal(user.account_id, user.permissions, user_id=user.id)


@authenticate_with
def client(token: str) -> Principal | None:
    """The API client of a token, with what its scopes name."""
    found = lookup.find_by_token(db.session(), token, clock.now())
    if found is None:
        return None
    g.actor = acting(found.account_id, None, found.name)
    return Principal(found.account_id, lookup.permissions_of(found), client_id=found.id, scopes=frozenset(found.scopes))
