"""Buttons of a pixel's page: pause, resume, end the breaker's wait. The verbs are those of its target."""

from __future__ import annotations

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import current_actor, requires
from app.core.db import write
from app.core.errors import Invalid
from app.core.htmx import go, notify
from app.deliveries.forms import PauseForm
from app.deliveries.targets import service
from app.pixels.pages import bp, show_pixel, wanted


@bp.post("/<id>/pause")
@requires("targets.operate")
def pause(id: str) -> ResponseReturnValue:
    pixel, form = wanted(id), PauseForm()
    if not form.validate_on_submit():
        return show_pixel(pixel, form, 422)
    try:
        with write() as session:
            service.pause(session, current_actor(), pixel.id, form.reason.data)
    except Invalid as error:
        form.reject(error)
        return show_pixel(pixel, form, 422)
    notify(_("Paused. Events are still accepted and wait."), "warning")
    return go(url_for("pixels.show", id=id))


@bp.post("/<id>/resume")
@requires("targets.operate")
def resume(id: str) -> ResponseReturnValue:
    pixel = wanted(id)
    with write() as session:
        service.resume(session, current_actor(), pixel.id)
    notify(_("Resumed. What waits goes out now."))
    return go(url_for("pixels.show", id=id))


@bp.post("/<id>/reset-breaker")
@requires("targets.operate")
def reset_breaker(id: str) -> ResponseReturnValue:
    pixel = wanted(id)
    with write() as session:
        service.reset(session, current_actor(), pixel.id)
    notify(_("The next event goes out now."))
    return go(url_for("pixels.show", id=id))
