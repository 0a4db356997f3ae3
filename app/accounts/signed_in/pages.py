"""/profile/sessions: where I am signed in."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from app.accounts import identity
from app.accounts.signed_in import service
from app.accounts.signed_in.devices import device_of
from app.core.access import current_actor, requires
from app.core.db import db, write
from app.core.htmx import go, notify, page
from app.core.ids import to_uuid

bp = Blueprint("sessions", __name__, url_prefix="/profile/sessions")
MOST_SHOWN = 200


@bp.get("")
@requires("profile.edit")
def index() -> ResponseReturnValue:
    """Every one of them on one page, this one first: they end by themselves."""
    this = identity.current_session_id()
    living = db.session().scalars(service.of_person(current_user.id).limit(MOST_SHOWN))
    found = sorted(living, key=lambda one: one.id != this)
    return page("sessions/index.html", fragment="sessions/_rows.html", found=found, this=this, device_of=device_of)


@bp.post("/<id>/end")
@requires("profile.edit")
def end(id: str) -> ResponseReturnValue:
    """The one that asks is ended too when somebody says so: they are signed out."""
    with write() as store:
        service.end(store, current_actor(), to_uuid(id))
    notify(_("Session ended."))
    return go("/profile/sessions")


@bp.post("/end-others")
@requires("profile.edit")
def end_others() -> ResponseReturnValue:
    this = identity.current_session_id()
    assert this is not None  # `requires` let them in
    with write() as store:
        ended = service.end_others(store, current_actor(), this)
    if ended:
        notify(ngettext("%(num)d session ended.", "%(num)d sessions ended.", ended))
    return go("/profile/sessions")
