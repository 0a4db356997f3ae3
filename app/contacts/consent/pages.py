"""The page of a contact's consents: /contacts/<id>/consents."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.contacts import service
from app.contacts.consent import panel, reading
from app.contacts.consent import service as consents
from app.contacts.consent.forms import WIRE, ConsentForm
from app.contacts.models import Contact
from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, localized
from app.core.htmx import go, notify, page
from app.core.ids import to_uuid
from app.core.pagination import clamped

bp = Blueprint("contact_consents", __name__, url_prefix="/contacts")


@bp.get("/<id>/consents")
@requires("contacts.view")
def index(id: str) -> ResponseReturnValue:
    asked = clamped(request.args)
    contact = wanted(id)
    after = request.args.get("after")
    found = reading.log_of(db.session(), account_id(), contact.id, after=after, page=asked.page, limit=asked.limit)
    return page(
        "contacts/consent/index.html",
        fragment="contacts/consent/_rows.html",
        contact=contact,
        found=found,
        words=panel.WORDS,
        consent=panel.panel_of(db.session(), contact),
    )


@bp.post("/<id>/consents")
@requires("contacts.edit")
def create(id: str) -> ResponseReturnValue:
    contact = wanted(id)
    form = ConsentForm().prepare()
    if not form.validate_on_submit():
        return show_form(contact, form)
    try:
        recorded = record(contact, form)
    except Invalid as error:
        form.reject(error, WIRE)
        return show_form(contact, form)
    except Conflict as error:
        form.form_errors.append(localized(error.message))
        return show_form(contact, form)
    if recorded:
        notify(_("Recorded."))
    else:
        notify(_("That is what is recorded already."), "info")
    return go(url_for("contacts.show", id=contact.id))


def record(contact: Contact, form: ConsentForm) -> bool:
    """Raises Invalid and Conflict."""
    given = form.given()
    with write() as session:
        return consents.record(session, current_actor(), service.get(account_id(), contact.id, lock=True), given)


def show_form(contact: Contact, form: ConsentForm) -> ResponseReturnValue:
    return page(
        "contacts/consent/new.html", fragment="contacts/consent/_form.html", contact=contact, form=form, status=422
    )


def wanted(id: str) -> Contact:
    return service.get(account_id(), to_uuid(id))
