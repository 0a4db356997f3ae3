"""The pages of imports: /contacts/import, in four steps, each at its own URL, and their history."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from app.contacts.importing import keeping, preview, service
from app.contacts.importing.columns import LOOKED_AT, columns_of, offered
from app.contacts.importing.forms import PlanForm, UploadForm, columns_form, plan_values
from app.contacts.importing.guess import guess
from app.contacts.importing.models import ContactImport, ImportState
from app.contacts.importing.plan import Mode, plan_from
from app.contacts.importing.rows import MAX_ROWS
from app.contacts.importing.wiping import KEPT, WAITS
from app.contacts.importing.words import MODEL, STATES, target_words
from app.contacts.models import Category
from app.contacts.service import fields_of
from app.core.access import account_id, current_actor, requires
from app.core.bodies import FORM_SLACK
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, TooLarge, Unavailable, localized
from app.core.htmx import go, is_shown, mark_of, notify, page, unchanged
from app.core.ids import to_uuid
from app.core.models import JobState

bp = Blueprint("contact_imports", __name__, url_prefix="/contacts")
MAPPED = (ImportState.UPLOADED, ImportState.CHECKED)  # whose columns may be chosen
CHECKS = (ImportState.CHECKING, ImportState.CHECKED)


@bp.url_value_preprocessor
def allow_uploads(endpoint: str | None, _values: object) -> None:
    """Before anything reads the form; every other body keeps the app's limit."""
    if endpoint == "contact_imports.create":
        request.max_content_length = keeping.MAX_BYTES + FORM_SLACK


@bp.get("/import/new")
@requires("contacts.import")
def new() -> ResponseReturnValue:
    return show_new(UploadForm())


@bp.post("/import")
@requires("contacts.import")
def create() -> ResponseReturnValue:
    form = UploadForm()
    if not form.validate_on_submit():
        return show_new(form, 422)
    try:
        row = keeping.receive(current_actor(), form.file.data.filename or "", form.file.data.stream)
    except Invalid as error:
        form.reject(error)
        return show_new(form, 422)
    except (Conflict, TooLarge, Unavailable) as error:
        form.form_errors.append(localized(error.message))
        return show_new(form, 422)
    return go(url_for(".columns", id=row.id))


def show_new(form: UploadForm, status: int = 200) -> ResponseReturnValue:
    return page(
        "contacts/importing/new.html",
        fragment="contacts/importing/_upload_form.html",
        form=form,
        kept_days=KEPT.days,
        waits_days=WAITS.days,
        status=status,
    )


@bp.get("/import/model.csv")
@requires("contacts.import")
def model() -> ResponseReturnValue:
    """With the mark of UTF-8 and semicolons, as Excel in Brazil opens it."""
    headers = {"Content-Disposition": "attachment; filename=contatos-modelo.csv"}
    return Response(MODEL.encode("utf-8-sig"), content_type="text/csv; charset=utf-8", headers=headers)


@bp.get("/import/<id>/columns")
@requires("contacts.import")
def columns(id: str) -> ResponseReturnValue:
    row = wanted(id)
    return elsewhere(row, MAPPED) or show_columns(row, columns_form_of(row))


@bp.post("/import/<id>/columns")
@requires("contacts.import")
def set_columns(id: str) -> ResponseReturnValue:
    """Keeps what the columns mean, and has the file checked."""
    row = wanted(id)
    if away := elsewhere(row, MAPPED):
        return away
    form = columns_form_of(row)
    if not form.validate_on_submit():
        return show_columns(row, form, 422)
    try:
        with write():
            service.start_check(current_actor(), locked(row.id), form.plan())
    except Invalid as error:
        form.refuse(error)
        return show_columns(wanted(id), form, 422)
    except Conflict as error:
        return gone_on(row.id, error)
    return go(url_for(".check", id=row.id))


def columns_form_of(row: ContactImport) -> PlanForm:
    """What somebody chose for it before, else what is guessed; nobody answers the question of consent beforehand."""
    fields = fields_of(row.account_id)
    offer = offered(db.session(), row, guess(row.columns, fields), target_words(fields))
    begins: dict[str, Any] = {f"column_{place}": target for place, target in offer.mapping.items()}
    chosen = plan_values(plan_from({}, row.options)) if row.options else {"mode": str(Mode.UPDATE)}
    categories = db.session.scalars(
        select(Category).where(Category.account_id == row.account_id).order_by(Category.folded_name)
    ).all()
    form = columns_form(row.columns, fields, categories, begins | chosen)
    form.is_remembered = offer.is_remembered
    return form


def show_columns(row: ContactImport, form: PlanForm, status: int = 200) -> ResponseReturnValue:
    looked_at = columns_of(row.columns, keeping.samples(db.session(), row, LOOKED_AT))
    job = service.job_of(row)
    return page(
        "contacts/importing/columns.html",
        fragment="contacts/importing/_columns_form.html",
        row=row,
        form=form,
        columns=looked_at,
        check_failed=job is not None and job.state == JobState.FAILED,
        unknown=[one.name for one in looked_at if not form[f"column_{one.place}"].data],
        status=status,
    )


@bp.get("/import/<id>/check")
@requires("contacts.import")
def check(id: str) -> ResponseReturnValue:
    """What the import would do; while it is being counted, how far that is."""
    row = wanted(id)
    if away := elsewhere(row, CHECKS):
        return away
    job = service.job_of(row)
    mark = mark_of(row.state, job and (job.done, job.skipped, job.total, job.state))
    if is_shown(mark):
        return unchanged()
    return page(
        "contacts/importing/check.html",
        fragment="contacts/importing/_check.html",
        row=row,
        job=job,
        mark=mark,
        word=STATES[row.state],
        max_rows=MAX_ROWS,
        found=preview.found(db.session(), row, fields_of(row.account_id)) if row.state == ImportState.CHECKED else None,
    )


@bp.post("/import/<id>/start")
@requires("contacts.import")
def start(id: str) -> ResponseReturnValue:
    row = wanted(id)
    try:
        with write():
            service.start_import(current_actor(), locked(row.id))
    except Invalid as error:
        notify(localized(error.message), "danger")
    except Conflict as error:
        return gone_on(row.id, error)
    return go(url_for(".show", id=row.id))


def wanted(id: str) -> ContactImport:
    return service.get(account_id(), to_uuid(id))


def locked(id: UUID) -> ContactImport:
    """For a change, inside `write()`."""
    return service.get(account_id(), id, lock=True)


def elsewhere(row: ContactImport, states: Collection[ImportState]) -> Response | None:
    """The way to the step where an import is; None when it is in one of these states. A page that the back button
    brings again leads on."""
    if row.wiped_at is not None and row.state in MAPPED:
        notify(_("The file is no longer kept here: upload it again."), "warning")
        return go(url_for(".index"))
    if row.state in states:
        return None
    if row.state == ImportState.UPLOADED:
        return go(url_for(".columns", id=row.id))
    return go(url_for(".check" if row.state in CHECKS else ".show", id=row.id))


def gone_on(id: UUID, error: Conflict) -> Response:
    """Somebody else, or another window, was quicker; or too much runs already."""
    notify(localized(error.message), "warning")
    return go(url_for(".show", id=id))
