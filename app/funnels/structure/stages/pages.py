"""The pages of stages: /funnels/<id>/stages."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, localized
from app.core.htmx import go, is_htmx, notify, page, typed_version
from app.core.ids import to_uuid
from app.funnels.models import Funnel, Stage
from app.funnels.structure import reading, totals
from app.funnels.structure.stages import emptying, service
from app.funnels.structure.stages.forms import LeavingForm, StageForm
from app.funnels.structure.words import KINDS

bp = Blueprint("funnel_stages", __name__, url_prefix="/funnels/<id>/stages")


@bp.get("/new")
@requires("funnels.edit")
def new(id: str) -> ResponseReturnValue:
    funnel = wanted(id)
    color = service.next_color(reading.stages_of(db.session(), funnel.id))
    return show_new(funnel, StageForm(data={"kind": "open", "chance": "50", "color": color, "own_color": color}))


@bp.post("")
@requires("funnels.edit")
def create(id: str) -> ResponseReturnValue:
    funnel, form = wanted(id), StageForm()
    if not form.validate_on_submit():
        return show_new(funnel, form, 422)
    try:
        with write():
            service.create(current_actor(), funnel.id, form.values())
    except (Invalid, Conflict) as error:
        form.refuse(error)
        return show_new(funnel, form, 422)
    notify(_("Stage added."))
    return go(settings_of(funnel))


def show_new(funnel: Funnel, form: StageForm, status: int = 200) -> ResponseReturnValue:
    return page(
        "funnels/structure/stages/new.html",
        fragment="funnels/structure/stages/_new_form.html",
        funnel=funnel,
        form=form,
        status=status,
    )


@bp.get("/<stage_id>/edit")
@requires("funnels.edit")
def edit(id: str, stage_id: str) -> ResponseReturnValue:
    funnel, stage = wanted_stage(id, stage_id)
    return show_edit(funnel, stage, StageForm.of(stage))


@bp.post("/<stage_id>/edit")
@requires("funnels.edit")
def update(id: str, stage_id: str) -> ResponseReturnValue:
    funnel, stage = wanted_stage(id, stage_id)
    form = StageForm.of(stage)
    if not form.validate_on_submit():
        return show_edit(funnel, stage, form, 422)
    try:
        with write():
            version = typed_version(form.version.data)
            service.update(current_actor(), funnel.id, stage.id, form.values(), version=version)
    except (Invalid, Conflict) as error:
        form.refuse(error)
        return show_edit(funnel, stage, form, 422)
    notify(_("Stage saved."))
    return go(settings_of(funnel))


def show_edit(funnel: Funnel, stage: Stage, form: StageForm, status: int = 200) -> ResponseReturnValue:
    return page(
        "funnels/structure/stages/edit.html",
        fragment="funnels/structure/stages/_edit_form.html",
        funnel=funnel,
        stage=stage,
        form=form,
        status=status,
    )


@bp.post("/order")
@requires("funnels.edit")
def reorder(id: str) -> ResponseReturnValue:
    """The whole order (`stage`, several), one of them one place up or down."""
    funnel, version = wanted(id), typed_version(request.form.get("version"))
    ids = [to_uuid(text) for text in request.form.getlist("stage")]
    for name, step in (("up", -1), ("down", 1)):
        moved = to_uuid(request.form.get(name))
        if moved in ids:
            place = ids.index(moved)
            ids.insert(max(0, place + step), ids.pop(place))
    is_stale = False
    try:
        with write():
            service.reorder(current_actor(), funnel.id, ids, version=version)
    except (Invalid, Conflict):
        is_stale = True
        notify(_("The stages were changed by somebody else meanwhile. This is how they are now."), "danger")
    return show_order(wanted(id), is_stale) if is_htmx() else go(settings_of(funnel))


def show_order(funnel: Funnel, is_stale: bool) -> ResponseReturnValue:
    session = db.session()
    return page(
        "funnels/structure/stages/_rows.html",
        fragment="funnels/structure/stages/_rows.html",
        funnel=funnel,
        stages=reading.stages_of(session, funnel.id),
        totals=totals.of_stages(session, [funnel.id]),
        nothing=totals.NOTHING,
        kinds=KINDS,
        maximum=service.MAX_STAGES,
        carries_version=not is_stale,
        status=422 if is_stale else 200,
    )


@bp.get("/<stage_id>/delete")
@requires("funnels.edit")
def confirm_delete(id: str, stage_id: str) -> ResponseReturnValue:
    funnel, stage = wanted_stage(id, stage_id)
    return show_delete(funnel, stage, _leaving(funnel, stage))


@bp.post("/<stage_id>/delete")
@requires("funnels.edit")
def delete(id: str, stage_id: str) -> ResponseReturnValue:
    funnel, stage = wanted_stage(id, stage_id)
    form = _leaving(funnel, stage)
    if not form.validate_on_submit():
        return show_delete(funnel, stage, form, 422)
    try:
        job_id = emptying.delete(
            current_actor(),
            funnel.id,
            stage.id,
            to=to_uuid(form.to.data),
            reason=form.reason.data,
            version=typed_version(form.version.data),
        )
    except Invalid as error:
        form.reject(error)
        return show_delete(funnel, stage, form, 422)
    except Conflict as error:
        form.form_errors.append(localized(error.message))
        if error.current is not None:
            form.version.data = str(error.current.version)
        return show_delete(funnel, stage, form, 422)
    if job_id is not None:
        return go(url_for("jobs.show", id=job_id))
    notify(_("Stage deleted."), "warning")
    return go(settings_of(funnel))


def _leaving(funnel: Funnel, stage: Stage) -> LeavingForm:
    others = [each for each in reading.stages_of(db.session(), funnel.id) if each.id != stage.id]
    return LeavingForm.to_one_of(stage, others)


def show_delete(funnel: Funnel, stage: Stage, form: LeavingForm, status: int = 200) -> ResponseReturnValue:
    return page(
        "funnels/structure/stages/delete.html",
        fragment="funnels/structure/stages/_delete_form.html",
        funnel=funnel,
        stage=stage,
        form=form,
        cards=emptying.count(db.session(), stage.id),
        status=status,
    )


def settings_of(funnel: Funnel) -> str:
    return url_for("funnels.edit", id=funnel.id)


def wanted(id: str) -> Funnel:
    return reading.get(account_id(), to_uuid(id))


def wanted_stage(id: str, stage_id: str) -> tuple[Funnel, Stage]:
    funnel = wanted(id)
    return funnel, reading.get_stage(account_id(), funnel.id, to_uuid(stage_id))
