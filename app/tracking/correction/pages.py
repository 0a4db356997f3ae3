"""The page of a correction: /events/<id>/correct."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core import clock
from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Invalid, localized
from app.core.htmx import go, notify, page
from app.core.runtime import runtime
from app.tracking.correction import service
from app.tracking.correction.forms import CorrectionForm, form_of
from app.tracking.correction.service import Correctable, Moved, Refused
from app.tracking.log_paths import request_id, to_event_id


def add_to(bp: Blueprint) -> None:
    """The routes, on the blueprint of the events."""
    bp.add_url_rule("/<id>/correct", view_func=edit, endpoint="correct", methods=["GET"])
    bp.add_url_rule("/<id>/correct", view_func=update, endpoint="correct_update", methods=["POST"])


@requires("deliveries.replay")
def edit(id: str) -> ResponseReturnValue:
    try:
        found = wanted(id)
    except Refused as error:
        return back(id, error)
    return show(found, form_of(found.event.platform).of(found.event, found.version))


@requires("deliveries.replay")
def update(id: str) -> ResponseReturnValue:
    try:
        found = wanted(id)
        form = form_of(found.event.platform)
        if not form.validate_on_submit():
            return show(found, form, 422)
        given, version = form.values(), request.form.get("version", "")
        with write() as session:
            sent = service.correct(
                session, current_actor(), to_event_id(id), given, version=version, settings=runtime().settings
            )
    except Refused as error:
        return back(id, error)
    except Moved as error:
        found = wanted(id)
        advice = _("Look at it again, or save to overwrite.")
        form.form_errors.append(f"{localized(error.message)} {advice}")
        form.version.data = found.version
        return show(found, form, 422)
    except Invalid as error:
        form.reject(error)
        return show(wanted(id), form, 422)
    notify(_("Corrected and sent again.") if sent else _("Corrected: the next attempt sends it."))
    return go(url_for("events.show", id=id))


def show(found: Correctable, form: CorrectionForm, status: int = 200) -> ResponseReturnValue:
    expires_at = found.delivery.expires_at
    return page(
        "tracking/correct.html",
        fragment="tracking/_correct_form.html",
        found=found,
        event=found.event,
        form=form,
        request_id=request_id(found.event.id),
        is_too_old=expires_at is not None and expires_at <= clock.now(),
        status=status,
    )


def back(id: str, error: Refused) -> ResponseReturnValue:
    notify(localized(error.message), "warning")
    return go(url_for("events.show", id=id))


def wanted(id: str) -> Correctable:
    return service.get(db.session(), account_id(), to_event_id(id))
