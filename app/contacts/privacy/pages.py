"""The privacy desk: /privacy. A phone or an e-mail address is never in a URL."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.contacts.privacy import service, showing, words
from app.contacts.privacy.answers import export_file
from app.contacts.privacy.export import FORMATS
from app.contacts.privacy.forms import WIRE_NAMES, DeclineForm, RequestForm
from app.contacts.privacy.models import PrivacyRequest, RequestState
from app.core import clock
from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, localized
from app.core.htmx import go, notify, page, typed_name
from app.core.i18n import locale
from app.core.ids import to_uuid
from app.core.pagination import clamped, paginate
from app.core.privacy import How

bp = Blueprint("privacy", __name__, url_prefix="/privacy")


@bp.get("")
@requires("privacy.handle", confirmed=True)
def index() -> ResponseReturnValue:
    asked, state = clamped(request.args), request.args.get("state")
    wanted = service.listed(account_id(), state if state in tuple(RequestState) else None)
    return page(
        "contacts/privacy/index.html",
        fragment="contacts/privacy/_rows.html",
        found=paginate(db.session(), wanted, page=asked.page, limit=asked.limit),
        is_filtered=state in tuple(RequestState),
        now=clock.now(),
        words=words,
    )


@bp.get("/new")
@requires("privacy.handle", confirmed=True)
def new() -> ResponseReturnValue:
    return show_new(RequestForm(formdata=None))


@bp.post("/new")
@requires("privacy.handle", confirmed=True)
def create() -> ResponseReturnValue:
    form = RequestForm()
    if not form.validate_on_submit():
        return show_new(form, 422)
    try:
        with write() as session:
            made = service.create(session, current_actor(), form.asked()).id
    except Invalid as error:
        form.reject(error, WIRE_NAMES)
        return show_new(form, 422)
    return go(url_for(".show", id=made))


def show_new(form: RequestForm, status: int = 200) -> Response:
    return page("contacts/privacy/new.html", fragment="contacts/privacy/_new_form.html", form=form, status=status)


@bp.get("/<id>")
@requires("privacy.handle", confirmed=True)
def show(id: str) -> ResponseReturnValue:
    return page("contacts/privacy/show.html", **about(wanted(id)))


def about(found: PrivacyRequest) -> dict[str, Any]:
    session, subject = db.session(), service.opened(found)
    return {
        "asked": found,
        "subject": subject,
        "all": showing.everything(session, account_id(), subject) if subject is not None else None,
        "actions": service.actions_of(session, found),
        "job": service.running(session, found),
        "now": clock.now(),
        "words": words,
    }


@bp.post("/<id>/export")
@requires("privacy.handle", confirmed=True)
def export(id: str) -> ResponseReturnValue:
    suffix = request.form.get("format", "json")
    return export_file(current_actor(), to_uuid(id), suffix if suffix in FORMATS else "json", locale())


@bp.get("/<id>/anonymise")
@requires("privacy.handle", confirmed=True)
def confirm_anonymise(id: str) -> ResponseReturnValue:
    return show_erase(wanted(id), How.ANONYMISE)


@bp.post("/<id>/anonymise")
@requires("privacy.handle", confirmed=True)
def anonymise(id: str) -> ResponseReturnValue:
    return erased(id, How.ANONYMISE)


@bp.get("/<id>/delete")
@requires("privacy.handle", confirmed=True)
def confirm_delete(id: str) -> ResponseReturnValue:
    return show_erase(wanted(id), How.DELETE)


@bp.post("/<id>/delete")
@requires("privacy.handle", confirmed=True)
def delete(id: str) -> ResponseReturnValue:
    return erased(id, How.DELETE)


def erased(id: str, how: How) -> Response:
    found = wanted(id)
    subject = service.opened(found)
    if subject is None:
        raise Conflict(service.why_unknown(found))
    if not typed_name(name_of(subject.phones, subject.emails)):
        return show_erase(found, how, wrong_name=True, status=422)
    try:
        with write() as session:
            job = service.start_erasing(session, current_actor(), to_uuid(id), how)
    except Conflict as error:
        notify(localized(error.message), "warning")
        return go(url_for(".show", id=id))
    return go(url_for("jobs.show", id=job))


def name_of(phones: tuple[str, ...], emails: tuple[str, ...]) -> str:
    """What is typed to confirm: whoever types it has looked at whom it is about."""
    return (*phones, *emails)[0]


def show_erase(found: PrivacyRequest, how: How, wrong_name: bool = False, status: int = 200) -> Response:
    subject = service.opened(found)
    if subject is None:
        raise Conflict(service.why_unknown(found))
    context = {
        "asked": found,
        "how": how,
        "typed": name_of(subject.phones, subject.emails),
        "all": showing.everything(db.session(), account_id(), subject),
        "wrong_name": wrong_name,
    }
    return page("contacts/privacy/erase.html", fragment="contacts/privacy/_erase.html", status=status, **context)


@bp.post("/<id>/answer")
@requires("privacy.handle", confirmed=True)
def answer(id: str) -> ResponseReturnValue:
    with write() as session:
        service.close(session, current_actor(), to_uuid(id), RequestState.DONE)
    notify(_("Request closed as answered. From now on it knows only a hint of whom it was about."))
    return go(url_for(".show", id=id))


@bp.get("/<id>/decline")
@requires("privacy.handle", confirmed=True)
def confirm_decline(id: str) -> ResponseReturnValue:
    return show_decline(wanted(id), DeclineForm(formdata=None))


@bp.post("/<id>/decline")
@requires("privacy.handle", confirmed=True)
def decline(id: str) -> ResponseReturnValue:
    form, found = DeclineForm(), wanted(id)
    if not form.validate_on_submit():
        return show_decline(found, form, 422)
    with write() as session:
        service.close(session, current_actor(), to_uuid(id), RequestState.DECLINED, form.note.data)
    notify(_("Request declined."), "warning")
    return go(url_for(".show", id=id))


def show_decline(found: PrivacyRequest, form: DeclineForm, status: int = 200) -> Response:
    context = {"asked": found, "form": form}
    return page(
        "contacts/privacy/decline.html", fragment="contacts/privacy/_decline_form.html", status=status, **context
    )


def wanted(id: str) -> PrivacyRequest:
    """The request of this URL, in the account of who asks. Raises NotFound."""
    return service.get(db.session(), account_id(), to_uuid(id))
