"""`/api/auth`: opening an account, and a forgotten password."""

from __future__ import annotations

from app.accounts import identity
from app.accounts.joining import asking, confirmation, registration
from app.accounts.joining.recovery import service as recovery
from app.accounts.joining.registration import Wanted
from app.accounts.joining.schemas import Address, Message, NewPassword, Register, Verification
from app.core.api import endpoint, resource_blueprint
from app.core.db import db, write
from app.core.ratelimit import limiter
from app.core.runtime import runtime

bp = resource_blueprint("api_joining", __name__, "/auth")


@bp.post("/register")
@endpoint(summary="Open an account", public=True, body=Register, answers={202: Message, 403: None})
def register(body: Register) -> Message:
    """Writes to the address; the account is there when the link in that letter was followed. The answer is the same for
    an address that has a sign-in already: its owner is told by mail. 403 where the service takes no new companies."""
    settings, caller = runtime().settings, identity.caller()
    wanted = Wanted(body.account_name, body.name, body.email, body.password, body.locale)
    prepared = registration.prepare(db.session(), limiter(), settings, wanted, caller.address)
    with write() as store:
        registration.ask(store, prepared, settings.timezone, caller)
    return Message(message=registration.ASKED)


@bp.post("/verify")
@endpoint(summary="Confirm the address", public=True, body=Verification, answers={204: None, 404: None, 409: None})
def verify(body: Verification) -> None:
    """Opens the account, with its administrator, who signs in next. 400 when the password is not the one that was typed
    at registration (then somebody else may have registered the address: register again), and 429 after ten of them; 404
    for a link that was used, replaced or is older than 24 hours; 409 when somebody else signs in with the address by
    now."""
    caller = identity.caller()
    proven_hash = confirmation.prove(db.session(), limiter(), body.token, body.password, caller.address)
    with write() as store:
        confirmation.complete(store, body.token, proven_hash, caller)


@bp.post("/verify/resend")
@endpoint(summary="Send the link again", public=True, body=Address, answers={202: Message, 403: None})
def resend(body: Address) -> Message:
    """A new link to an address that registered and was not confirmed; the one before it stops working."""
    caller = identity.caller()
    again = registration.prepare_again(db.session(), limiter(), runtime().settings, body.email, caller.address)
    with asking.evenly(), write() as store:
        registration.ask_again(store, again, caller)
    return Message(message=registration.ASKED)


@bp.post("/forgot-password")
@endpoint(summary="Ask for a new password", public=True, body=Address, answers={202: Message})
def forgot_password(body: Address) -> Message:
    """Sends a link to whoever signs in with the address; the answer is the same when nobody does."""
    caller = identity.caller()
    prepared = recovery.prepare(db.session(), limiter(), runtime().settings, body.email, caller.address)
    with asking.evenly(), write() as store:
        recovery.ask(store, prepared, caller)
    return Message(message=recovery.ASKED)


@bp.post("/reset-password")
@endpoint(summary="Choose a new password", public=True, body=NewPassword, answers={204: None, 404: None})
def reset_password(body: NewPassword) -> None:
    """Ends every session of the person and opens none. 404 for a link that was used, replaced or is older than 60
    minutes."""
    chosen = recovery.judge(db.session(), runtime().settings, body.token, body.password)
    with write() as store:
        recovery.reset(store, body.token, chosen, identity.caller())
