"""Buttons of a webhook's page: enable, disable, send one delivery again."""

from __future__ import annotations

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import current_actor, requires
from app.core.db import write
from app.core.errors import Conflict, localized
from app.core.htmx import go, notify
from app.core.ids import to_uuid
from app.webhooks import resending, switching
from app.webhooks.pages import bp, wanted


@bp.post("/<id>/enable")
@requires("webhooks.edit")
def enable(id: str) -> ResponseReturnValue:
    webhook = wanted(id)
    with write():
        switching.enable(current_actor(), webhook.id)
    notify(_("Enabled. What waits goes out now."))
    return go(url_for("webhooks.show", id=id))


@bp.post("/<id>/disable")
@requires("webhooks.edit")
def disable(id: str) -> ResponseReturnValue:
    webhook = wanted(id)
    with write():
        switching.disable(current_actor(), webhook.id)
    notify(_("Disabled. It is told nothing new; what it is owed waits."), "warning")
    return go(url_for("webhooks.show", id=id))


@bp.post("/<id>/deliveries/<delivery_id>/resend")
@requires("deliveries.replay")
def resend(id: str, delivery_id: str) -> ResponseReturnValue:
    webhook = wanted(id)
    try:
        with write() as session:
            resending.resend(session, current_actor(), webhook.id, to_uuid(delivery_id))
    except Conflict as error:
        notify(localized(error.message), "danger")
    else:
        notify(_("It goes out again."))
    return go(url_for("webhooks.show", id=id))
