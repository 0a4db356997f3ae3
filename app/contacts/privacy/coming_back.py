"""People who asked to be forgotten and ask to come back: /privacy/forgotten."""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.contacts.privacy import returning, service
from app.contacts.privacy.forms import WIRE_NAMES, PersonForm
from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Invalid, NotFound
from app.core.htmx import go, notify, page, typed_name
from app.core.privacy import Subject

bp = Blueprint("privacy_return", __name__, url_prefix="/privacy/forgotten")


@bp.get("")
@requires("privacy.handle", confirmed=True)
def index() -> ResponseReturnValue:
    return show(PersonForm(formdata=None))


@bp.post("")
@requires("privacy.handle", confirmed=True)
def find() -> ResponseReturnValue:
    """Whether somebody is kept from being taken in again."""
    form = PersonForm()
    subject = read(form)
    if subject is None:
        return show(form, status=422)
    return show(form, subject)


@bp.post("/lift")
@requires("privacy.handle", confirmed=True)
def lift() -> ResponseReturnValue:
    form = PersonForm()
    subject = read(form)
    if subject is None:
        return show(form, status=422)
    if not typed_name(typed(subject)):
        return show(form, subject, wrong_name=True, status=422)
    try:
        with write() as session:
            returning.lift(session, current_actor(), subject)
    except NotFound:
        return show(form, subject)
    notify(_("They may be taken in again. What they refused stays refused until they say otherwise themselves."))
    return go(url_for("privacy.index"))


def read(form: PersonForm) -> Subject | None:
    if not form.validate_on_submit():
        return None
    try:
        return service.subject_of(account_id(), form.phone.data or "", form.email.data or "")
    except Invalid as error:
        form.reject(error, WIRE_NAMES)
        return None


def typed(subject: Subject) -> str:
    return (*subject.phones, *subject.emails)[0]


def show(form: PersonForm, subject: Subject | None = None, wrong_name: bool = False, status: int = 200) -> Response:
    return page(
        "contacts/privacy/forgotten.html",
        fragment="contacts/privacy/_forgotten.html",
        status=status,
        form=form,
        subject=subject,
        typed=typed(subject) if subject else "",
        found=returning.find_forgotten(db.session(), account_id(), subject) if subject else [],
        wrong_name=wrong_name,
    )
