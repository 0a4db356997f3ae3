"""The pages of mailings: /mailings."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core import clock
from app.core.access import account_id, current_actor, requires
from app.core.bodies import FORM_SLACK
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, Malformed, localized
from app.core.htmx import go, notify, page, typed_name, typed_version, url_with
from app.core.i18n import locale
from app.core.ids import to_uuid
from app.core.pagination import clamped, paginate
from app.core.period import iso
from app.opens.images.models import Image
from app.opens.mailings import changes, drawing, figures, reading, service
from app.opens.mailings.figures import MailingFigures
from app.opens.mailings.forms import ListForm, MailingForm
from app.opens.mailings.lists import Tally, Work
from app.opens.mailings.models import Mailing
from app.opens.mailings.reading import WRONG_WORDS
from app.opens.mailings.unopened import State, of_mailing
from app.opens.mailings.words import basis_words, said

bp = Blueprint("mailings", __name__, url_prefix="/mailings")


@bp.url_value_preprocessor
def allow_uploads(endpoint: str | None, _values: object) -> None:
    """Before anything reads the form; every other body keeps the app's limit."""
    if endpoint == "mailings.upload":
        request.max_content_length = reading.MAX_BYTES + FORM_SLACK


@bp.get("")
@requires("opens.view")
def index() -> ResponseReturnValue:
    asked = clamped(request.args)
    sort = asked.sort if asked.sort and asked.sort.removeprefix("-") in service.SORTS else "-startsAt"
    text = request.args.get("q", "")
    found = paginate(
        db.session(), service.search(account_id(), text=text, sort=sort), page=asked.page, limit=asked.limit
    )
    return page(
        "mailings/index.html",
        fragment="mailings/_rows.html",
        found=found,
        numbers=figures.of_mailings(db.session.connection(), found.rows),
        filtered=bool(text.strip()),
        sort=sort,
    )


@bp.get("/new")
@requires("mailings.edit")
def new() -> ResponseReturnValue:
    return show_new(prepared())


@bp.post("")
@requires("mailings.edit")
def create() -> ResponseReturnValue:
    form = prepared()
    if not form.validate_on_submit():
        return show_new(form, 422)
    try:
        with write():
            mailing = service.create(current_actor(), form.values())
    except Invalid as error:
        form.reject(error)
        return show_new(form, 422)
    notify(_("Mailing created. With the list of its ids, each one is followed."))
    return go(url_for(".show", id=mailing.id))


def show_new(form: MailingForm, status: int = 200) -> ResponseReturnValue:
    return page("mailings/new.html", fragment="mailings/_new_form.html", form=form, status=status)


@bp.get("/<id>")
@requires("opens.view")
def show(id: str) -> ResponseReturnValue:
    """The page, or to htmx its ids alone."""
    mailing = wanted(id)
    connection = db.session.connection()
    numbers = figures.of_mailing(connection, mailing)
    image = db.session.get(Image, mailing.image_id) if mailing.image_id else None
    zone = ZoneInfo(g.timezone)
    through: dict[str, Any] = {"image": mailing.image_id} if mailing.image_id else {}
    span: dict[str, Any] = {"from": iso(mailing.starts_at, zone), "to": iso(mailing.ends_at, zone)}
    return page(
        "mailings/show.html",
        fragment="mailings/_ids.html",
        mailing=mailing,
        numbers=numbers,
        image=image,
        drawn=drawing.of_mailing(connection, mailing, zone, clock.now(), url_for("opens.log", **through)),
        log=url_for("opens.log", **span, **through),
        basis=basis_words(mailing, numbers),
        **shown_ids(mailing, numbers),
    )


def shown_ids(mailing: Mailing, numbers: MailingFigures) -> dict[str, Any]:
    """A page of its listed ids; a cursor that is not ours leads to the first."""
    asked, session = clamped(request.args), db.session()
    state = State(request.args["state"]) if request.args.get("state") in tuple(State) else None
    try:
        found = of_mailing(session, mailing, state, after=request.args.get("after"), limit=asked.limit)
    except Malformed:
        found = of_mailing(session, mailing, state, after=None, limit=asked.limit)
    waiting = max(0, mailing.listed - numbers.opened)
    offered = (
        (None, _("All"), mailing.listed),
        (State.OPENED, _("Opened"), numbers.opened),
        (State.WAITING, _("Not yet"), waiting),
    )
    tabs = [
        {
            "label": label,
            "href": f"{url_with(state=key, after=None)}#mailings-ids",
            "active": key == state,
            "count": count,
        }
        for key, label, count in offered
    ]
    return {"found": found, "state": state or "", "tabs": tabs}


@bp.get("/<id>/edit")
@requires("mailings.edit")
def edit(id: str) -> ResponseReturnValue:
    mailing = wanted(id)
    return show_edit(mailing, prepared(mailing))


@bp.post("/<id>/edit")
@requires("mailings.edit")
def update(id: str) -> ResponseReturnValue:
    mailing = wanted(id)
    form = prepared(mailing)
    if not form.validate_on_submit():
        return show_edit(mailing, form, 422)
    try:
        with write():
            service.update(current_actor(), mailing.id, form.values(), version=typed_version(form.version.data))
    except Invalid as error:
        form.reject(error)
        return show_edit(mailing, form, 422)
    except Conflict:
        form.form_errors.append(
            _("Somebody else changed this mailing meanwhile. Save again to overwrite their change.")
        )
        form.version.data = str(wanted(id).version)
        return show_edit(mailing, form, 422)
    notify(_("Mailing saved."))
    return go(url_for(".show", id=mailing.id))


def show_edit(mailing: Mailing, form: MailingForm, status: int = 200) -> ResponseReturnValue:
    return page("mailings/edit.html", fragment="mailings/_edit_form.html", mailing=mailing, form=form, status=status)


@bp.get("/<id>/delete")
@requires("mailings.edit")
def confirm_delete(id: str) -> ResponseReturnValue:
    return show_delete(wanted(id))


@bp.post("/<id>/delete")
@requires("mailings.edit")
def delete(id: str) -> ResponseReturnValue:
    mailing = wanted(id)
    if not typed_name(mailing.name):
        return show_delete(mailing, wrong_name=True)
    done = changed(mailing, Work.DELETE)
    if isinstance(done, UUID):
        return go(url_for("jobs.show", id=done))
    notify(_("Mailing deleted. Opens and their figures stay."), "warning")
    return go(url_for(".index"))


def show_delete(mailing: Mailing, wrong_name: bool = False) -> ResponseReturnValue:
    return page(
        "mailings/delete.html",
        fragment="mailings/_danger.html",
        mailing=mailing,
        wrong_name=wrong_name,
        status=422 if wrong_name else 200,
    )


@bp.get("/<id>/list")
@requires("mailings.edit")
def new_list(id: str) -> ResponseReturnValue:
    return show_list(wanted(id), ListForm())


@bp.post("/<id>/list")
@requires("mailings.edit")
def upload(id: str) -> ResponseReturnValue:
    mailing, form = wanted(id), ListForm()
    if not form.validate_on_submit():
        return show_list(mailing, form, 422)
    try:
        work = Work.REPLACE if form.replace.data else Work.ADD
        done = changed(mailing, work, form.file.data.read(reading.MAX_BYTES + 1))
    except Invalid as error:
        form.reject(error)
        return show_list(mailing, form, 422)
    if isinstance(done, UUID):
        return go(url_for("jobs.show", id=done))
    if not done.wrong:
        notify(said(done.counts()))
        return go(url_for(".show", id=mailing.id))
    return page(
        "mailings/listed.html",
        fragment="mailings/_listed.html",
        mailing=mailing,
        said=said(done.counts()),
        tally=done,
        words={wrong: localized(text) for wrong, text in WRONG_WORDS.items()},
    )


def show_list(mailing: Mailing, form: ListForm, status: int = 200) -> ResponseReturnValue:
    return page("mailings/list.html", fragment="mailings/_list_form.html", mailing=mailing, form=form, status=status)


@bp.post("/<id>/list/clear")
@requires("mailings.edit")
def clear(id: str) -> ResponseReturnValue:
    mailing = wanted(id)
    done = changed(mailing, Work.CLEAR)
    if isinstance(done, UUID):
        return go(url_for("jobs.show", id=done))
    notify(_("The list is empty."), "warning")
    return go(url_for(".show", id=mailing.id))


def changed(mailing: Mailing, work: Work, content: bytes | None = None) -> Tally | UUID:
    return changes.make(current_actor(), mailing, work, zone=g.timezone, language=locale(), content=content)


def prepared(mailing: Mailing | None = None) -> MailingForm:
    return MailingForm().prepare(db.session(), account_id(), ZoneInfo(g.timezone), mailing)


def wanted(id: str) -> Mailing:
    return service.get(account_id(), to_uuid(id))
