"""The page of a pixel's test event: /pixels/<id>/test."""

from __future__ import annotations

import json

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import current_actor, requires
from app.core.db import db, write
from app.core.errors import Invalid
from app.core.htmx import page
from app.core.ratelimit import limiter
from app.destinations import registry
from app.pixels import trial
from app.pixels.advice import advise
from app.pixels.models import Pixel
from app.pixels.pages import bp, wanted
from app.pixels.trial import Report
from app.pixels.trial_form import TrialForm, trial_form


@bp.get("/<id>/test")
@requires("events.test")
def test(id: str) -> ResponseReturnValue:
    pixel = wanted(id)
    return show_test(pixel, trial_form(pixel))


@bp.post("/<id>/test")
@requires("events.test")
def send_test(id: str) -> ResponseReturnValue:
    pixel = wanted(id)
    form = trial_form(pixel)
    if not form.validate_on_submit():
        return show_test(pixel, form, status=422)
    try:
        wanted_trial = trial.prepare(pixel, form.values())
    except Invalid as error:
        form.refuse(error)
        return show_test(pixel, form, status=422)
    actor = current_actor()
    trial.count(limiter(), actor.account_id)
    with write() as session:
        trial.take_call(session, wanted_trial.pixel_id)
    db.session.rollback()  # a platform that takes its time must hold no transaction open
    report = trial.send(wanted_trial)
    with write() as session:
        trial.record(session, actor, wanted_trial, report)
    return show_test(wanted(id), form, report)


def show_test(pixel: Pixel, form: TrialForm, report: Report | None = None, status: int = 200) -> ResponseReturnValue:
    response = page(
        "pixels/test.html",
        fragment="pixels/_test.html",
        pixel=pixel,
        label=registry.labels()[pixel.platform],
        form=form,
        report=report,
        advice=advise(pixel.platform, report) if report else None,
        exact=json.dumps(report.request["body"], indent=2, ensure_ascii=False) if report and report.request else "",
        is_paused=pixel.is_paused,
        title=_("Send a test event"),
        status=status,
    )
    response.headers["HX-Retarget"] = "#pixels-test"  # the form with what came of it, not the form alone
    return response
