"""Pages: open an account, confirm the address."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts import identity, sign_in
from app.accounts.joining import asking, confirmation, registration
from app.accounts.joining.confirmation import Waiting
from app.accounts.joining.forms import AddressForm, RegisterForm, VerifyForm
from app.accounts.joining.registration import Wanted
from app.accounts.pages import private
from app.accounts.sign_in import Opened, Pending, Verified
from app.core.access import public
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, NotFound, localized
from app.core.htmx import go, is_htmx, notify, page
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
    with asking.evenly(), write() as store:
        registration.ask_again(store, again, caller)
    notify(_("If somebody registered with this address, another message is on its way to it."), "info")
    return go("/verify")


@bp.get("/verify/<token>")
@public
def show_link(token: str) -> ResponseReturnValue:
    """Changes nothing: scanners of mail follow links too."""
    try:
        return show_verify(VerifyForm(formdata=None), token, confirmation.find(db.session(), token))
    except NotFound:
        return gone()


@bp.post("/verify/<token>")
@public
def follow_link(token: str) -> ResponseReturnValue:
    """Link and password were both proven: the person is signed straight in. Too many wrong ones: 429 with
    Retry-After."""
    form = VerifyForm()
    try:
        waiting = confirmation.find(db.session(), token)
        if not form.validate_on_submit():
            return show_verify(form, token, waiting, 422)
        entered = identity.let_in(open_account(token, form.password.data), "/")
    except Invalid as error:
        form.reject(error)
        return show_verify(form, token, waiting, 422)
    except (NotFound, Conflict) as error:
        if is_htmx():
            raise  # said in a toast
        return gone() if isinstance(error, NotFound) else gone(localized(error.message), 409)
    notify(_("Your account is open."))
    return private(entered)


def open_account(token: str, password: str) -> Opened | Pending:
    """Raises NotFound, TooMany, Invalid and Conflict."""
    caller, replaces = identity.caller(), identity.current_session_id()
    proven_hash = confirmation.prove(db.session(), limiter(), token, password, caller.address)
    with write() as store:
        user = confirmation.complete(store, token, proven_hash, caller)
        return sign_in.proceed(store, Verified(user.id, proven_hash), caller, replaces=replaces)


def show_form(form: RegisterForm, status: int = 200) -> Response:
    return page("joining/register.html", fragment="joining/_register_form.html", form=form, status=status)


def show_wait(form: AddressForm, status: int = 200) -> Response:
    return page("joining/wait.html", fragment="joining/_wait_form.html", form=form, status=status)


def show_verify(form: VerifyForm, token: str, waiting: Waiting, status: int = 200) -> Response:
    context = {"form": form, "token": token, "waiting": waiting}
    return private(page("joining/verify.html", fragment="joining/_verify_form.html", status=status, **context))


def gone(words: str | None = None, status: int = 404) -> Response:
    return private(page("joining/gone.html", purpose="verify", words=words, status=status))
