"""`/api/auth/two-factor`: one's own second factor."""

from __future__ import annotations

from flask import g

from app.accounts.models import User
from app.accounts.second_factor import changing, service, totp
from app.accounts.second_factor.schemas import CodesOut, FactorOut, FirstCode, StartedOut
from app.core import clock
from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.db import db, write

bp = resource_blueprint("api_two_factor", __name__, "/auth/two-factor")


@bp.get("")
@endpoint(summary="Show the second factor", permission="profile.edit", answers={200: FactorOut})
def show() -> FactorOut:
    """Of whoever asks: whether sign-in needs a code, how many recovery codes are left, and whether their role needs
    one."""
    state = service.state_of(db.session(), db.session().get_one(User, current().user_id))
    return FactorOut(
        enabled=state.is_on,
        enabled_at=state.confirmed_at,
        recovery_codes_left=state.codes_left,
        readable=state.is_readable,
        required=state.is_required,
    )


@bp.post("/start")
@endpoint(
    summary="Start a second factor", permission="profile.edit", confirmed=True, answers={201: StartedOut, 403: None}
)
def start() -> StartedOut:
    """Answers a new secret for an authenticator app. It counts once its first code was confirmed; until then the app
    before, if there is one, stays good."""
    actor = current_actor()
    with write() as store:
        secret = service.start(store, actor, clock.now())
    return StartedOut(secret=secret, otpauth_url=totp.uri(secret, actor.name))


@bp.post("/confirm")
@endpoint(
    summary="Confirm a second factor",
    permission="profile.edit",
    confirmed=True,
    body=FirstCode,
    answers={200: CodesOut, 403: None, 409: None},
)
def confirm(body: FirstCode) -> CodesOut:
    """Turns the started secret on by a first code of its app, answers ten recovery codes and ends all other sessions.
    400 when the code is wrong, 409 when nothing was started, 429 after five wrong codes in five minutes."""
    return CodesOut(recovery_codes=changing.confirm(current_actor(), body.code, keeps=g.api_session_id))


@bp.post("/recovery-codes")
@endpoint(
    summary="Replace the recovery codes",
    permission="profile.edit",
    confirmed=True,
    answers={200: CodesOut, 403: None, 409: None},
)
def renew_codes() -> CodesOut:
    """Ten new ones; those before are worth nothing. 409 without a second factor."""
    with write() as store:
        return CodesOut(recovery_codes=service.renew_codes(store, current_actor()))


@bp.delete("")
@endpoint(
    summary="Turn the second factor off",
    permission="profile.edit",
    confirmed=True,
    answers={204: None, 403: None, 409: None},
)
def turn_off() -> None:
    """403 where the role needs one, 409 when there is none."""
    changing.turn_off(current_actor())
