"""Pages: open an account, confirm the address."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts import identity
from app.accounts.joining import registration
from app.accounts.joining.forms import AddressForm, RegisterForm
from app.accounts.joining.registration import Wanted
from app.accounts.pages import private
from app.core.access import public
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, NotFound, localized
from app.core.htmx import go, notify, page
from app.core.i18n import locale
from app.core.ratelimit import limiter
from app.core.runtime import runtime

bp = Blueprint("joining", __name__)


@bp.app_template_global("registration_open")
def is_open() -> bool:
    return runtime().settings.registration == "open"


@bp.get("/register")
@public
def new() -> ResponseReturnValue:
    if not is_open():
        return page("joining/closed.html")
    return show_form(RegisterForm(formdata=None))


@bp.post("/register")
@public
def create() -> ResponseReturnValue:
    """Says the same of known and unknown addresses. Asked too often: 429 with Retry-After, by the translator."""
    if not is_open():
        return page("joining/closed.html", status=403)
    form = RegisterForm()
    if not form.validate_on_submit():
        return show_form(form, status=422)
    try:
        ask(form)
    except Invalid as error:
        form.reject(error)
        return show_form(form, status=422)
    return go("/verify")


def ask(form: RegisterForm) -> None:
    """Raises Invalid and TooMany."""
    settings, caller = runtime().settings, identity.caller()
    wanted = Wanted(form.account_name.data, form.name.data, form.email.data, form.password.data, locale())
    prepared = registration.prepare(db.session(), limiter(), settings, wanted, caller.address)
    with write() as store:
        registration.ask(store, prepared, settings.timezone, caller)


@bp.get("/verify")
@public
def wait() -> ResponseReturnValue:
    """What to do until the letter is there, and how to get another one."""
    return show_wait(AddressForm(formdata=None))


@bp.post("/verify")
@public
def send_again() -> ResponseReturnValue:
    if not is_open():
        return page("joining/closed.html", status=403)
    form = AddressForm()
    if not form.validate_on_submit():
        return show_wait(form, status=422)
    caller = identity.caller()
    try:
        again = registration.prepare_again(db.session(), limiter(), runtime().settings, form.email.data, caller.address)
    except Invalid as error:
        form.reject(error)
        return show_wait(form, status=422)
    with write() as store:
        registration.ask_again(store, again, caller)
    notify(_("If somebody registered with this address, another message is on its way to it."), "info")
    return go("/verify")


@bp.get("/verify/<token>")
@public
def show_link(token: str) -> ResponseReturnValue:
    """Changes nothing: scanners of mail follow links too."""
    try:
        account_name, name = registration.find(db.session(), token)
    except NotFound:
        return gone()
    return private(page("joining/verify.html", token=token, account_name=account_name, name=name))


@bp.post("/verify/<token>")
@public
def follow_link(token: str) -> ResponseReturnValue:
    try:
        with write() as store:
            registration.complete(store, token, identity.caller())
    except NotFound:
        return gone()
    except Conflict as error:
        return gone(localized(error.message), 409)
    notify(_("Your account is open. Sign in with your e-mail address and password."))
    return private(go("/login"))


def show_form(form: RegisterForm, status: int = 200) -> Response:
    return page("joining/register.html", fragment="joining/_register_form.html", form=form, status=status)


def show_wait(form: AddressForm, status: int = 200) -> Response:
    return page("joining/wait.html", fragment="joining/_wait_form.html", form=form, status=status)


def gone(words: str | None = None, status: int = 404) -> Response:
    return private(page("joining/gone.html", purpose="verify", words=words, status=status))
