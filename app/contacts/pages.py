"""The pages of contacts: /contacts, the list, the form, deletion and its undoing."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from app.contacts import filters, listing, reading, service, words
from app.contacts.consent import words as consent_words
from app.contacts.filters import Asked
from app.contacts.forms import ContactForm, contact_form
from app.contacts.models import Contact
from app.contacts.reading import Row
from app.contacts.service import Source
from app.core import clock
from app.core.access import account_id, current_actor, requires
from app.core.db import TooSlow, db, time_limited, write
from app.core.errors import Conflict, Invalid, Malformed, NotFound, localized
from app.core.htmx import go, is_htmx, notify, page, safe_next, typed_version
from app.core.ids import to_uuid
from app.core.list_filters import chips, with_given
from app.core.masking import masks_people
from app.core.pagination import Page, clamped

bp = Blueprint("contacts", __name__, url_prefix="/contacts")
SEARCH_S = 3.0
UNDO_FOR = timedelta(minutes=10)


@bp.get("")
@requires("contacts.view")
def index() -> ResponseReturnValue:
    """What cannot be meant finds nothing and says why; a cursor that is not ours leads to the first page."""
    session, asked = db.session(), asked_filters()
    found = _found(asked)
    fields = service.fields_of(account_id())
    options = listing.options_of(session, account_id())
    columns = listing.shown(session, current_actor().user_id, fields)
    given = {name: request.args[name] for name in filters.NAMES if request.args.get(name)}

    def said(name: str, value: str) -> Any:
        return listing.filter_word(session, account_id(), options, name, value)

    return page(
        "contacts/index.html",
        fragment="contacts/_rows.html",
        found=found,
        problems=list(asked.problems.values()),
        chips=chips(request.args, words.FILTERS, asked.moments, said),
        given=given,
        sort=_sort(),
        options=options,
        categories=with_given([(str(one.id), one.name) for one in options.categories], request.args.get("category")),
        fields={listing.OWN + field.key: field for field in fields},
        columns=columns,
        offered=listing.offered(fields),
        owners=dict(options.owners),
        head=listing.head,
        words=words,
        consent_words=consent_words,
        masked=masks_people(),
        answers=[(state, word) for state, (word, _tone, _icon) in consent_words.STATES.items()],
        deleted=_just_deleted(),
    )


def asked_filters() -> Asked:
    return filters.from_url(request.args, ZoneInfo(g.timezone) if g.get("timezone") else UTC)


def _sort() -> str:
    asked = clamped(request.args).sort
    return asked if asked and asked.removeprefix("-") in filters.SORTS else filters.DEFAULT_SORT


def _found(asked: Asked) -> Page[Row] | None:
    """None: it took too long to find."""
    limit, after = clamped(request.args).limit, request.args.get("after") or None
    if asked.problems:
        return Page([], None, limit, 0)
    try:
        with time_limited(db.session(), SEARCH_S):
            try:
                return _page(asked, after, limit)
            except Malformed:
                return _page(asked, None, limit)
    except TooSlow:
        return None
    except NotFound:
        asked.problems["segment"] = _("There is no such segment.")
        return Page([], None, limit, 0)


def _page(asked: Asked, after: str | None, limit: int) -> Page[Row]:
    country = service.country_of(account_id())
    return reading.page_of(
        db.session(), account_id(), asked.filters, sort=_sort(), country=country, after=after, limit=limit
    )


def _just_deleted() -> Contact | None:
    """The contact of `?deleted=`, while taking that back is offered."""
    mine = select(Contact).where(Contact.account_id == account_id(), Contact.id == to_uuid(request.args.get("deleted")))
    contact = db.session.scalar(
        mine.where(Contact.deleted_at > clock.now() - UNDO_FOR, Contact.anonymised_at.is_(None))
    )
    return contact


@bp.post("/columns")
@requires("contacts.view")
def columns() -> ResponseReturnValue:
    actor = current_actor()
    fields = service.fields_of(account_id())
    if actor.user_id is not None:
        with write() as session:
            listing.keep(session, actor.user_id, request.form.getlist("column"), fields)
    return go(safe_next(request.form.get("next"), url_for(".index")))


@bp.get("/new")
@requires("contacts.edit")
def new() -> ResponseReturnValue:
    return show_new(empty_form())


@bp.post("")
@requires("contacts.edit")
def create() -> ResponseReturnValue:
    form = empty_form()
    if not form.validate_on_submit():
        return show_new(form, status=422)
    try:
        with write():
            contact = service.create(current_actor(), form.values(), Source.FORM)
    except Invalid as error:
        form.refuse(error)
        return show_new(form, status=422)
    except Conflict as error:
        return show_new(form, same=form.refuse_same(error), status=422)
    notify(_("Contact created."))
    return go(url_for(".show", id=contact.id))


def empty_form() -> ContactForm:
    return contact_form(service.fields_of(account_id()), listing.options_of(db.session(), account_id()))


def show_new(form: ContactForm, *, same: Contact | None = None, status: int = 200) -> Response:
    options = listing.options_of(db.session(), account_id())
    return page(
        "contacts/new.html", fragment="contacts/_new_form.html", form=form, same=same, options=options, status=status
    )


@bp.get("/<id>/edit")
@requires("contacts.edit")
def edit(id: str) -> ResponseReturnValue:
    row = wanted(id)
    return show_edit(row, form_of(row))


@bp.post("/<id>/edit")
@requires("contacts.edit")
def update(id: str) -> ResponseReturnValue:
    row = wanted(id)
    form = form_of(row)
    if not form.validate_on_submit():
        return show_edit(row, form, status=422)
    version = typed_version(form.version.data)
    try:
        with write():
            contact = service.update(current_actor(), row.contact.id, form.values(row), version=version)
    except Invalid as error:
        form.refuse(error)
        return show_edit(row, form, status=422)
    except Conflict as error:
        return _show_conflict(wanted(id), form, error)
    notify(_("Contact saved."))
    return go(url_for(".show", id=contact.id))


def _show_conflict(row: Row, form: ContactForm, error: Conflict) -> Response:
    """Another contact has this phone, or somebody else was quicker: 409, which htmx takes for a form as 422."""
    if error.current is not None and error.current.id != row.contact.id:
        return show_edit(row, form, same=form.refuse_same(error), status=422)
    form.refuse_stale(row)
    return show_edit(row, form, status=422 if is_htmx() else 409)


def form_of(row: Row) -> ContactForm:
    return contact_form(service.fields_of(account_id()), listing.options_of(db.session(), account_id()), row)


def show_edit(row: Row, form: ContactForm, *, same: Contact | None = None, status: int = 200) -> Response:
    options = listing.options_of(db.session(), account_id())
    return page(
        "contacts/edit.html",
        fragment="contacts/_edit_form.html",
        contact=row.contact,
        form=form,
        same=same,
        options=options,
        status=status,
    )


@bp.post("/<id>/delete")
@requires("contacts.delete")
def delete(id: str) -> ResponseReturnValue:
    with write():
        contact = service.delete(current_actor(), to_uuid(id))
    return go(url_for(".index", deleted=contact.id))


@bp.post("/<id>/restore")
@requires("contacts.delete")
def restore(id: str) -> ResponseReturnValue:
    try:
        with write():
            contact = service.restore(current_actor(), to_uuid(id))
    except Conflict as error:
        notify(localized(error.message), "warning")
        return go(url_for(".show", id=error.current.id))
    notify(_("The contact is back."))
    return go(url_for(".show", id=contact.id))


def wanted(id: str) -> Row:
    contact = service.get(account_id(), to_uuid(id))
    return reading.with_groups(db.session.connection(), [contact])[0]
