"""`/api/auth`: what people change about themselves."""

from __future__ import annotations

from app.accounts import identity
from app.accounts.joining.schemas import Address, Followed, Message
from app.accounts.models import User
from app.accounts.profile import new_email, passwords, service, zones
from app.accounts.profile.schemas import Change, PasswordChange
from app.accounts.profile.service import Choices
from app.accounts.schemas import UserOut
from app.accounts.sign_in import WrongCredentials
from app.core.access import current_actor
from app.core.api import current, endpoint, resource_blueprint
from app.core.db import db, write
from app.core.errors import Conflict, Invalid
from app.core.ratelimit import limiter
from app.core.runtime import runtime

bp = resource_blueprint("api_profile", __name__, "/auth")


@bp.put("/me")
@endpoint(summary="Change yourself", permission="profile.edit", body=Change, answers={200: UserOut, 409: None})
def update(body: Change) -> UserOut:
    """Name, language, time zone and theme. 409 with the present `current` when `version` is not that of now."""
    with write() as store:
        user = store.get_one(User, current().user_id)
        if body.version not in (None, user.version):
            raise Conflict(current=UserOut.of(user))
        service.update(store, current_actor(), chosen(body, user))
        store.flush()
        return UserOut.of(user)


def chosen(body: Change, user: User) -> Choices:
    """Raises Invalid."""
    zone = user.timezone
    if body.timezone is not None:
        zone = zones.find(body.timezone)
        if zone is None and body.timezone:
            raise Invalid({"timezone": [service.UNKNOWN_ZONE]})
    return Choices(body.name or user.name, body.locale or user.locale, body.theme or user.theme, zone)


@bp.put("/password")
@endpoint(summary="Change your password", permission="profile.edit", body=PasswordChange, answers={204: None})
def change_password(body: PasswordChange) -> None:
    """Ends every session of yours, that of this token too: sign in again. Wrong present passwords count as wrong
    sign-ins do (429)."""
    actor, user = current_actor(), db.session().get_one(User, current().user_id)
    try:
        wanted = passwords.judge(
            db.session(), limiter(), runtime().settings, actor, user, body.current_password, body.password
        )
    except WrongCredentials:
        with write() as store:
            service.record_refusal(store, actor)
        raise Invalid({"currentPassword": [service.WRONG_PASSWORD]}) from None
    with write() as store:
        passwords.change(store, actor, wanted)


@bp.post("/email")
@endpoint(
    summary="Change your address", permission="profile.edit", confirmed=True, body=Address, answers={202: Message}
)
def change_email(body: Address) -> Message:
    """Writes to the new address; the change is made when the link in that letter was followed. The answer is the same
    for an address that somebody else has."""
    user = db.session().get_one(User, current().user_id)
    prepared = new_email.prepare(db.session(), limiter(), runtime().settings, user, body.email)
    with write() as store:
        new_email.ask(store, current_actor(), prepared)
    return Message(message=new_email.ASKED)


@bp.post("/email/verify")
@endpoint(summary="Confirm your new address", public=True, body=Followed, answers={204: None, 404: None, 409: None})
def confirm_email(body: Followed) -> None:
    """Ends every session of the person. 404 for a link that was used, replaced or is older than 24 hours; 409 when
    somebody else signs in with the address by now."""
    with write() as store:
        new_email.confirm(store, body.token, identity.caller(), keeps=None)
