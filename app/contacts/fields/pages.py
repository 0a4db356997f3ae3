"""The pages of custom fields: /contact-fields."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.contacts.fields import options, service
from app.contacts.fields.forms import FieldChangeForm, NewFieldForm
from app.contacts.fields.models import CustomField
from app.contacts.fields.words import KINDS
from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, localized
from app.core.htmx import go, is_htmx, notify, page, typed_name, typed_version
from app.core.ids import to_uuid

bp = Blueprint("contact_fields", __name__, url_prefix="/contact-fields")


@bp.get("")
@requires("contacts.view")
def index() -> ResponseReturnValue:
    """All of them: there are at most fifty."""
    return page(
        "contacts/fields/index.html",
        fragment="contacts/fields/_rows.html",
        fields=service.fields_of(account_id()),
        kinds=KINDS,
        maximum=service.MAX_FIELDS,
    )


@bp.post("/<id>/move")
@requires("contacts.organize")
def move(id: str) -> ResponseReturnValue:
    """One place up or down (`to`)."""
    with write():
        ids = [field.id for field in service.fields_of(account_id())]
        field = wanted(id)
        place = ids.index(field.id) + (1 if request.form.get("to") == "down" else -1)
        service.update(current_actor(), field.id, {"position": place})
    return index() if is_htmx() else go(url_for(".index"))


@bp.get("/new")
@requires("contacts.organize")
def new() -> ResponseReturnValue:
    return show_new(NewFieldForm(data={"kind": "text"}))


@bp.get("/key")
@requires("contacts.organize")
def propose_key() -> ResponseReturnValue:
    """The box of the key again, with the one that the label suggests. What is not the one that was suggested before
    (`proposed`), somebody typed, and it stays."""
    typed, proposed = (request.args.get(name, "")[:100] for name in ("key", "proposed"))
    label = request.args.get("label", "")[: service.MAX_LABEL]
    if typed == proposed:
        typed = proposed = service.propose_key(account_id(), label)
    return page("contacts/fields/_key.html", form=NewFieldForm(formdata=None, data={"key": typed}), proposed=proposed)


@bp.post("")
@requires("contacts.organize")
def create() -> ResponseReturnValue:
    form = NewFieldForm()
    if not form.validate_on_submit():
        return show_new(form, 422)
    try:
        with write():
            service.create(current_actor(), form.values())
    except (Invalid, Conflict) as error:
        form.refuse(error)
        return show_new(form, 422)
    notify(_("Field created."))
    return go(url_for(".index"))


def show_new(form: NewFieldForm, status: int = 200) -> ResponseReturnValue:
    return page(
        "contacts/fields/new.html",
        fragment="contacts/fields/_new_form.html",
        form=form,
        proposed=request.form.get("proposed", ""),
        status=status,
    )


@bp.get("/<id>/edit")
@requires("contacts.organize")
def edit(id: str) -> ResponseReturnValue:
    field = wanted(id)
    return show_edit(field, FieldChangeForm.of(field))


@bp.post("/<id>/edit")
@requires("contacts.organize")
def update(id: str) -> ResponseReturnValue:
    field = wanted(id)
    form = FieldChangeForm.of(field)
    if not form.validate_on_submit():
        return show_edit(field, form, 422)
    if form.options and not form.goes.data:
        gone = options.removed(field, form.given_options())
        users = options.users_of(db.session(), field, gone) if gone else {}
        if users is None or users:
            return show_edit(field, form, 422, gone=gone, users=users)
    try:
        with write():
            service.update(current_actor(), field.id, form.values(), version=typed_version(form.version.data))
    except (Invalid, Conflict) as error:
        form.refuse(error)
        return show_edit(field, form, 422)
    notify(_("Field saved."))
    return go(url_for(".index"))


def show_edit(
    field: CustomField,
    form: FieldChangeForm,
    status: int = 200,
    *,
    gone: list[str] | None = None,
    users: dict[str, int] | None = None,
) -> ResponseReturnValue:
    """`gone`: options that contacts have (`users`; None: too many to count), to be confirmed."""
    return page(
        "contacts/fields/edit.html",
        fragment="contacts/fields/_edit_form.html",
        field_=field,
        kind=KINDS[field.kind],
        form=form,
        gone=gone,
        users=users,
        status=status,
    )


@bp.get("/<id>/delete")
@requires("contacts.organize")
def confirm_delete(id: str) -> ResponseReturnValue:
    return show_delete(wanted(id))


@bp.post("/<id>/delete")
@requires("contacts.organize")
def delete(id: str) -> ResponseReturnValue:
    field = wanted(id)
    if not typed_name(field.label):
        return show_delete(field, wrong_name=True)
    try:
        with write():
            job_id = service.delete(current_actor(), field.id)
    except Conflict as error:
        notify(localized(error.message), "danger")
        return go(url_for(".index"))
    return go(url_for("jobs.show", id=job_id))


def show_delete(field: CustomField, wrong_name: bool = False) -> ResponseReturnValue:
    return page(
        "contacts/fields/delete.html",
        fragment="contacts/fields/_danger.html",
        field_=field,
        wrong_name=wrong_name,
        status=422 if wrong_name else 200,
    )


def wanted(id: str) -> CustomField:
    return service.get(account_id(), to_uuid(id))
