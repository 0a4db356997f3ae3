"""Pages: a forgotten password, and a new one by the link."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts import identity
from app.accounts.joining import asking
from app.accounts.joining.forms import AddressForm
from app.accounts.joining.recovery import service
from app.accounts.joining.recovery.forms import NewPasswordForm
from app.accounts.pages import private
from app.core.access import public
from app.core.db import db, write
from app.core.errors import Invalid, NotFound
from app.core.htmx import go, notify, page
from app.core.ratelimit import limiter
from app.core.runtime import runtime

bp = Blueprint("recovery", __name__)


@bp.get("/forgot")
@public
def new() -> ResponseReturnValue:
    return show_form(AddressForm(formdata=None))


@bp.post("/forgot")
@public
def create() -> ResponseReturnValue:
    """Says the same of known and unknown addresses. Asked too often: 429 with Retry-After, by the translator."""
    form, caller = AddressForm(), identity.caller()
    if not form.validate_on_submit():
        return show_form(form, status=422)
    try:
        prepared = service.prepare(db.session(), limiter(), runtime().settings, form.email.data, caller.address)
    except Invalid as error:
        form.reject(error)
        return show_form(form, status=422)
    with asking.evenly(), write() as store:
        service.ask(store, prepared, caller)
    return go("/forgot/sent")


@bp.get("/forgot/sent")
@public
def sent() -> ResponseReturnValue:
    return page("joining/forgot_sent.html")


@bp.get("/reset/<token>")
@public
def edit(token: str) -> ResponseReturnValue:
    try:
        service.find(db.session(), token)
    except NotFound:
        return gone()
    return show_link(NewPasswordForm(formdata=None), token)


@bp.post("/reset/<token>")
@public
def update(token: str) -> ResponseReturnValue:
    """Opens no session: the person signs in, with their second factor where they have one."""
    form = NewPasswordForm()
    try:
        service.find(db.session(), token)
        if not form.validate_on_submit():
            return show_link(form, token, status=422)
        choose(token, form.password.data)
    except Invalid as error:
        form.reject(error)
        return show_link(form, token, status=422)
    except NotFound:
        return gone()
    notify(_("Password changed. All your sessions were ended: sign in with the new one."))
    return private(go("/login"))


def choose(token: str, password: str) -> None:
    """Raises NotFound and Invalid."""
    chosen = service.judge(db.session(), runtime().settings, token, password)
    with write() as store:
        service.reset(store, token, chosen, identity.caller())


def show_form(form: AddressForm, status: int = 200) -> Response:
    return page("joining/forgot.html", fragment="joining/_forgot_form.html", form=form, status=status)


def show_link(form: NewPasswordForm, token: str, status: int = 200) -> Response:
    return private(
        page("joining/reset.html", fragment="joining/_reset_form.html", status=status, form=form, token=token)
    )


def gone() -> Response:
    return private(page("joining/gone.html", purpose="reset", words=None, status=404))
