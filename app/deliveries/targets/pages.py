"""The page of a target: /deliveries/targets/<id>, what holds it back and what people do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import account_id, current_actor, requires
from app.core.db import write
from app.core.errors import Conflict, Invalid, localized
from app.core.htmx import go, notify, page
from app.core.ids import to_uuid
from app.deliveries import words
from app.deliveries.forms import LimitsForm, PauseForm
from app.deliveries.pages import bp
from app.deliveries.targets import service
from app.outbound.kinds import kinds


@bp.get("/targets/<id>")
@requires("deliveries.view")
def target(id: str) -> ResponseReturnValue:
    return show_target(id)


@bp.post("/targets/<id>/pause")
@requires("targets.operate")
def pause(id: str) -> ResponseReturnValue:
    service.get(account_id(), to_uuid(id))
    form = PauseForm()
    if not form.validate_on_submit():
        return show_target(id, pausing=form)
    try:
        return operate(id, service.pause, _("Paused: its deliveries wait."), form.reason.data)
    except Invalid as error:
        form.reject(error)
        return show_target(id, pausing=form)


@bp.post("/targets/<id>/resume")
@requires("targets.operate")
def resume(id: str) -> ResponseReturnValue:
    return operate(id, service.resume, _("Resumed: what waits goes out now."))


@bp.post("/targets/<id>/reset")
@requires("targets.operate")
def reset(id: str) -> ResponseReturnValue:
    return operate(id, service.reset, _("Reset: the next call is made at once."))


@bp.post("/targets/<id>/limits")
@requires("targets.operate")
def set_limits(id: str) -> ResponseReturnValue:
    service.get(account_id(), to_uuid(id))
    form = LimitsForm()
    if not form.validate_on_submit():
        return show_target(id, limiting=form)
    return operate(id, service.set_limits, _("Limits saved."), form.to_rates())


@bp.post("/targets/<id>/limits/reset")
@requires("targets.operate")
def reset_calls(id: str) -> ResponseReturnValue:
    return operate(id, service.reset_calls, _("Every window is counted anew."))


def operate(id: str, verb: Callable[..., Any], said: str, *values: Any) -> ResponseReturnValue:
    try:
        with write() as session:
            verb(session, current_actor(), to_uuid(id), *values)
    except Conflict as error:
        notify(localized(error.message), "danger")
    else:
        notify(said)
    return go(url_for(".target", id=id))


def show_target(
    id: str, *, pausing: PauseForm | None = None, limiting: LimitsForm | None = None
) -> ResponseReturnValue:
    """The page, or with a form that was refused (422) that form."""
    limits = service.limits(account_id(), to_uuid(id), kinds())
    return page(
        "deliveries/target.html",
        fragment="deliveries/_limits_form.html" if limiting else "deliveries/_pause_form.html",
        limits=limits,
        target=limits.target,
        form=pausing or PauseForm(),
        limits_form=limiting or LimitsForm(obj=limits.target),
        words=words,
        status=422 if pausing or limiting else 200,
    )
