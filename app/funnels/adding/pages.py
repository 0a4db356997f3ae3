"""Many contacts into a funnel: /funnels/<id>/add."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from app.contacts.filters import Filters
from app.contacts.listing import options_of
from app.core import jobs
from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, NotFound, localized
from app.core.htmx import go, notify, page
from app.core.ids import to_uuid
from app.core.models import Job, JobState
from app.funnels.adding import forms, service, whom, words
from app.funnels.adding.forms import WIRE_NAMES, AddingForm
from app.funnels.adding.job import can_undo
from app.funnels.adding.whom import Number
from app.funnels.models import Funnel
from app.funnels.states import State
from app.funnels.structure import reading

bp = Blueprint("funnel_adding", __name__, url_prefix="/funnels")


@bp.get("/<id>/add")
@requires("cards.edit")
def new(id: str) -> ResponseReturnValue:
    """The form, or to htmx how many people it means as it is filled in so far."""
    funnel = reading.get(account_id(), to_uuid(id))
    form = AddingForm()
    form.show(request.args)
    return show(funnel, form, _counted(funnel))


@bp.post("/<id>/add")
@requires("cards.edit")
def create(id: str) -> ResponseReturnValue:
    """A few at once, many as a job."""
    funnel = reading.get(account_id(), to_uuid(id))
    form = AddingForm()
    try:
        started = _start(funnel, form) if form.validate_on_submit() else None
    except Invalid as error:
        form.reject(error, WIRE_NAMES)
        started = None
    except Conflict as error:
        form.form_errors.append(localized(error.message))
        started = None
    if started is None:
        return show(reading.get(account_id(), to_uuid(id)), form, None, status=422)
    return _finish(*started)


@bp.post("/add/undo")
@requires("cards.edit")
def undo() -> ResponseReturnValue:
    try:
        with write() as session:
            started, done = service.start_undo(session, current_actor(), to_uuid(request.form.get("job")))
            total = done.done
    except Conflict as error:
        notify(localized(error.message), "warning")
        return go(url_for("funnels.index"))
    return _finish(started, total)


def _start(funnel: Funnel, form: AddingForm) -> tuple[UUID, int | None]:
    """Raises Invalid and Conflict."""
    session, actor = db.session(), current_actor()
    filters, funnel_id = whom.filters_of(session, actor.account_id, forms.whom(request.form)), funnel.id
    total = whom.count(session, actor.account_id, funnel_id, filters).people
    chosen = service.chosen(session, actor, filters)
    with write() as store:
        return service.start(store, actor, funnel_id, chosen, form.values(), total), total


def _finish(id: UUID, total: int | None) -> ResponseReturnValue:
    """To the board where it is done, with a button that takes it back; else to the page of the job."""
    db.session.rollback()
    service.run_small(id, total)
    job = jobs.get(db.session(), account_id(), id)
    if job.state != JobState.DONE:
        return go(url_for("jobs.show", id=id))
    notify(_said(job), "success" if job.done else "warning")
    return go(url_for("board.show", id=service.of(job)))


def _said(job: Job) -> Markup:
    template = "funnels/adding/_done.html"
    return Markup(render_template(template, said=words.said(job), job=job if can_undo(job) else None))  # noqa: S704 - a template of ours, which escapes


def _counted(funnel: Funnel) -> Number | None:
    """None while nobody is chosen."""
    session = db.session()
    try:
        filters: Filters = whom.filters_of(session, account_id(), forms.whom(request.args))
        return whom.count(session, account_id(), funnel.id, filters)
    except (Invalid, NotFound):
        return None


def show(funnel: Funnel, form: AddingForm, number: Number | None, status: int = 200) -> ResponseReturnValue:
    session = db.session()
    stages = [stage for stage in reading.stages_of(session, funnel.id) if stage.kind == State.OPEN]
    options = options_of(session, account_id())
    form.offer(options, [(str(stage.id), stage.name) for stage in stages])
    return page(
        "funnels/adding/new.html",
        fragment="funnels/adding/_count.html" if status == 200 else "funnels/adding/_form.html",
        funnel=funnel,
        form=form,
        number=number,
        tags=options.tags,
        status=status,
        title=_("Add contacts"),
    )
