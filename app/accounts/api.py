"""`/api/auth`: access tokens for people, and how every endpoint recognises people and clients by their tokens."""

from __future__ import annotations

from flask import g, request

from app.accounts import audit, identity, sessions, sign_in, tokens
from app.accounts.models import User
from app.accounts.refreshing import service as refreshing
from app.accounts.schemas import CodeWanted, FactorWanted, SignedIn, SignIn, UserOut
from app.accounts.second_factor import accepting
from app.accounts.second_factor import service as second_factor
from app.accounts.second_factor.accepting import Verdict
from app.accounts.sign_in import CodeRequired, FactorMissing, Verified, WrongCredentials
from app.accounts.tokens import Claims
from app.core import clock
from app.core.access import acting, current_actor
from app.core.api import Principal, authenticate_with, current, endpoint, resource_blueprint
from app.core.db import db, write
from app.core.ratelimit import limiter
from app.core.runtime import runtime

bp = resource_blueprint("api_auth", __name__, "/auth")
OF_ONESELF = ("/api/auth/", "/api/v1/auth/")  # what a person reaches who has to set up a second factor first


@bp.post("/login")
@endpoint(
    summary="Sign in",
    public=True,
    body=SignIn,
    answers={200: SignedIn, 401: CodeWanted, 403: FactorWanted},
)
def login(body: SignIn) -> SignedIn:
    """Answers an access token that is valid for 15 minutes and a refresh token. 401 when e-mail or password is wrong,
    and with `codeRequired` when the code of the second factor is missing, wrong or used already; 429 after ten failures
    (five of codes) in five minutes. 403 with `secondFactorRequired`: the account wants one of this role."""
    verified = check_password(body)
    needs_code = second_factor.is_on(db.session(), verified.user_id)
    if needs_code and body.code is None:
        raise CodeRequired
    tries = accepting.tries(verified.user_id) if needs_code else ()
    limiter().reserve(tries)
    outcome = open_session(verified, body.code or "")
    if isinstance(outcome, Verdict):
        raise CodeRequired(accepting.WORDS[outcome])
    limiter().give_back(tries)
    return outcome


def check_password(body: SignIn) -> Verified:
    """Raises WrongCredentials and TooMany."""
    address = request.remote_addr
    try:
        return sign_in.verify(db.session(), limiter(), email=body.email, password=body.password, address=address)
    except WrongCredentials as error:
        with write() as store:
            sign_in.record_failure(store, error.user_id, identity.caller())
        raise


def open_session(verified: Verified, code: str) -> SignedIn | Verdict:
    now = clock.now()
    with write() as store:
        outcome = sign_in.open_program(store, verified, code, identity.caller())
        if isinstance(outcome, Verdict):
            return outcome
        claims = Claims(verified.user_id, outcome.session.id)
        return SignedIn(
            access_token=tokens.issue(runtime().settings, claims, now),
            refresh_token=refreshing.issue(store, claims.session_id, now),
            expires_in=int(tokens.LIFETIME.total_seconds()),
            user=UserOut.of(store.get_one(User, claims.user_id)),
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
    """The person of an access token, while the session it came from lives; role and account from the database. Raises
    FactorMissing."""
    claims = tokens.read(runtime().settings, token, clock.now())
    opened = sessions.find_by_id(db.session(), claims.session_id) if claims is not None else None
    if claims is None or opened is None or opened.user_id != claims.user_id:
        return None
    user = opened.user
    if not request.path.startswith(OF_ONESELF) and second_factor.is_missing(db.session(), user):
        raise FactorMissing
    g.actor = acting(user.account_id, user.id, user.email)
    g.masks_people = user.sees_people_masked
    g.api_session_id = opened.id
    g.confirmed_at = opened.confirmed_at
    return Principal(user.account_id, user.permissions, user_id=user.id)
