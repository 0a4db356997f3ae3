"""Pages: contacts that may be one person, and making one of two: /contacts/duplicates, /contacts/<id>/merge."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select

from app.contacts import search, service
from app.contacts.consent import words as consent_words
from app.contacts.merging import comparing, finding
from app.contacts.merging import service as merging
from app.contacts.merging.finding import By
from app.contacts.merging.forms import OTHER, SIDE, MergeForm, taken
from app.contacts.models import Contact
from app.core.access import account_id, current_actor, requires
from app.core.db import TooSlow, db, time_limited, write
from app.core.errors import Conflict, Invalid, NotFound, localized
from app.core.htmx import go, notify, page, typed_version
from app.core.ids import to_uuid

bp = Blueprint("contact_merging", __name__, url_prefix="/contacts")
SEARCH_S = 3.0
FOUND = 10
ALIKE = 5


@bp.get("/duplicates")
@requires("contacts.delete")
def duplicates() -> ResponseReturnValue:
    by = By(request.args["by"]) if request.args.get("by") in set(By) else By.EMAIL
    found = finding.find(db.session(), account_id(), by, request.args.get("after"))
    labels = {By.EMAIL: _("Same e-mail address"), By.NAME: _("Same name")}
    tabs = [
        {"label": label, "href": url_for(".duplicates", by=one), "active": one == by} for one, label in labels.items()
    ]
    return page(
        "contacts/merging/duplicates.html",
        fragment="contacts/merging/_groups.html",
        found=found,
        by=by,
        tabs=tabs,
    )


@bp.get("/<id>/merge")
@requires("contacts.delete")
def choose(id: str) -> ResponseReturnValue:
    """With `with` the two side by side, else the way to the other one."""
    contact = wanted(id)
    if request.args.get("with"):
        other = wanted(request.args["with"])
        if other.id == contact.id:
            raise NotFound
        return show_merge(contact, other, started(contact, other))
    text = (request.args.get("q") or "").replace("\0", "").strip()
    rows, is_slow = looked_for(contact, text) if text else (alike(contact), False)
    return page(
        "contacts/merging/choose.html",
        fragment="contacts/merging/_found.html",
        contact=contact,
        rows=rows,
        text=text,
        is_slow=is_slow,
    )


@bp.post("/<id>/merge")
@requires("contacts.delete")
def merge(id: str) -> ResponseReturnValue:
    kept, form = wanted(id), MergeForm()
    other = wanted(form.other.data or "")
    lines = comparing.compare(db.session(), kept, other, service.fields_of(account_id())).lines
    take = taken(request.form, [line.name for line in lines if line.differs])
    if not form.validate_on_submit():
        return show_merge(kept, other, form, take, 422)
    versions = {"version": typed_version(form.version.data), "other_version": typed_version(form.other_version.data)}
    try:
        with write():
            merging.merge(current_actor(), kept.id, other.id, take, **versions)
    except Invalid as error:
        form.reject(error)
    except Conflict as error:
        form.form_errors.append(conflict_words(error, {str(kept.id), str(other.id)}))
    else:
        notify(_("The two are one contact now."))
        return go(url_for("contacts.show", id=kept.id))
    kept, other = wanted(id), wanted(form.other.data or "")
    form.version.data, form.other_version.data = str(kept.version), str(other.version)
    return show_merge(kept, other, form, take, 422)


def conflict_words(error: Conflict, ids: set[str]) -> str:
    if error.current is not None and str(error.current.id) in ids:
        return str(_("Somebody changed one of the two meanwhile: this is how they are now. Look again, then merge."))
    return localized(error.message)


def started(kept: Contact, other: Contact) -> MergeForm:
    return MergeForm(formdata=None, other=str(other.id), version=kept.version, other_version=other.version)


def show_merge(
    kept: Contact, other: Contact, form: MergeForm, take: Collection[str] | None = None, status: int = 200
) -> Response:
    compared = comparing.compare(db.session(), kept, other, service.fields_of(account_id()))
    proposed = [line.name for line in compared.lines if line.is_other] if take is None else take
    return page(
        "contacts/merging/merge.html",
        fragment="contacts/merging/_form.html",
        kept=kept,
        other=other,
        compared=compared,
        taken=proposed,
        form=form,
        side=SIDE,
        of_other=OTHER,
        words=consent_words,
        counted=comparing.COUNTED,
        status=status,
    )


def looked_for(contact: Contact, text: str) -> tuple[Sequence[Contact], bool]:
    """What was found, and whether it took too long to."""
    session, mine = db.session(), contact.account_id
    conditions, country = [Contact.id != contact.id], service.country_of(mine)
    terms: list[ColumnElement[Any]] = [Contact.serial.desc()]
    try:
        with time_limited(session, SEARCH_S):
            found = search.page_of(session, mine, conditions, terms, typed=text, country=country, limit=FOUND)
            return found.rows, False
    except TooSlow:
        return [], True


def alike(contact: Contact) -> Sequence[Contact]:
    """Those with the same e-mail address or name, where there is one."""
    others = select(Contact).where(
        Contact.account_id == contact.account_id, Contact.deleted_at.is_(None), Contact.id != contact.id
    )
    equal = [Contact.email == contact.email] if contact.email else []
    equal += [Contact.folded_name == contact.folded_name] if contact.folded_name else []
    found: dict[int, Contact] = {}
    for same in equal:
        some = others.where(same).order_by(Contact.serial).limit(ALIKE)
        found |= {one.serial: one for one in db.session.scalars(some)}
    return list(found.values())


def wanted(id: str) -> Contact:
    return service.get(account_id(), to_uuid(id))
