"""The page of letters that wait: /outbox. Their links open doors, so that who asks proves once more who they are."""

from __future__ import annotations

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts.pages import private
from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, NotFound, localized
from app.core.htmx import go, notify, page
from app.core.ids import to_uuid
from app.core.runtime import runtime
from app.deliveries.outbox import service
from app.deliveries.outbox.words import STATES
from app.outbound.mail.words import purpose_word

bp = Blueprint("outbox", __name__, url_prefix="/outbox")


@bp.app_template_global("mail_has_server")
def has_server() -> bool:
    """Whether messages go out by themselves; else pages that send one say that it waits in the outbox."""
    return runtime().settings.smtp_url is not None


@bp.get("")
@requires("outbox.view", confirmed=True)
def index() -> ResponseReturnValue:
    letters = service.waiting(db.session(), runtime(), account_id())
    if read := [letter for letter in letters if not letter.is_veiled]:
        with write() as session:
            service.note_reading(session, current_actor(), read)
    shown = page(
        "outbox/index.html",
        letters=letters,
        has_server=has_server(),
        most=service.MOST,
        states=STATES,
        purpose_word=purpose_word,
    )
    return private(shown)


@bp.post("/<id>/passed-on")
@requires("outbox.view", confirmed=True)
def passed_on(id: str) -> ResponseReturnValue:
    try:
        with write() as session:
            service.pass_on(session, current_actor(), to_uuid(id))
    except Conflict as error:
        notify(localized(error.message), "danger")
    except NotFound:
        notify(_("This message is gone already: it was sent, passed on or too old."), "info")
    else:
        notify(_("Noted: the message is forgotten."))
    return go(url_for(".index"))
