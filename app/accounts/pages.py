"""Pages: sign in, sign out, set up."""

from __future__ import annotations

from flask import Blueprint, Response, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from app.accounts import audit, identity, people, sessions, setup, sign_in
from app.accounts.forms import CodeForm, SetupForm, SignInForm
from app.accounts.second_factor import accepting, pending
from app.accounts.sign_in import Opened, Pending, WrongCredentials
from app.core import clock
from app.core.access import Actor, acting, public
from app.core.db import db, write
from app.core.errors import Invalid, NotFound, localized
from app.core.htmx import go, notify, page, safe_next
from app.core.ratelimit import limiter

bp = Blueprint("accounts", __name__)


@bp.get("/login")
@public
def login() -> ResponseReturnValue:
    target = safe_next(request.args.get("next"))
    if current_user.is_authenticated:
        return go(target)
    return show_login(SignInForm(formdata=None, next=target))


@bp.post("/login")
@public
def start_session() -> ResponseReturnValue:
    """Too many failures: 429 with Retry-After, by the translator of errors."""
    form = SignInForm()
    if not form.validate_on_submit():
        return show_login(form, status=422)
    try:
        outcome = sign_in_browser(form.email.data, form.password.data)
    except WrongCredentials as error:
        form.form_errors.append(localized(error.message))
        return show_login(form, status=422)
    return identity.let_in(outcome, safe_next(form.next.data))


def sign_in_browser(email: str, password: str) -> Opened | Pending:
    """A new session, or the wait for a code. Raises WrongCredentials and TooMany."""
    replaces = identity.current_session_id()
    try:
        verified = sign_in.verify(db.session(), limiter(), email=email, password=password, address=request.remote_addr)
    except WrongCredentials as error:
        with write() as store:
            sign_in.record_failure(store, error.user_id, identity.caller())
        raise
    with write() as store:
        return sign_in.proceed(store, verified, identity.caller(), replaces=replaces)


@bp.get("/login/code")
@public
def ask_code() -> ResponseReturnValue:
    if pending.find(db.session(), identity.waiting_token(), clock.now()) is None:
        return too_late()
    return show_code(CodeForm(formdata=None, next=safe_next(request.args.get("next"))))


@bp.post("/login/code")
@public
def check_code() -> ResponseReturnValue:
    """Too many wrong ones: 429 with Retry-After."""
    token = identity.waiting_token()
    user = pending.find(db.session(), token, clock.now())
    if user is None:
        return too_late()
    form, tries = CodeForm(), accepting.tries(user.id)
    if not form.validate_on_submit():
        return show_code(form, status=422)
    limiter().reserve(tries)
    replaces = identity.current_session_id()
    try:
        with write() as store:
            outcome = sign_in.finish(store, token, form.code.data, identity.caller(), replaces=replaces)
    except WrongCredentials:
        return too_late()
    if not isinstance(outcome, Opened):
        form.reject(Invalid({"code": [accepting.WORDS[outcome]]}))
        return show_code(form, status=422)
    limiter().give_back(tries)
    return identity.let_in(outcome, safe_next(form.next.data))


def too_late() -> Response:
    """Back to the password: the wait is over, or there was none."""
    if identity.waiting_token():
        notify(_("That took too long, or something changed meanwhile. Sign in again."), "info")
    return identity.clear_waiting(go("/login"))


def show_code(form: CodeForm, status: int = 200) -> Response:
    return page("accounts/login_code.html", fragment="accounts/_login_code_form.html", form=form, status=status)


def enter(token: str, target: str) -> Response:
    session.clear()  # a CSRF token from before the sign-in does not outlive it
    return identity.set_cookie(go(target), token)


def show_login(form: SignInForm, status: int = 200) -> Response:
    is_new = not people.anybody(db.session())
    return page("accounts/login.html", fragment="accounts/_login_form.html", form=form, is_new=is_new, status=status)


@bp.post("/logout")
@public
def logout() -> ResponseReturnValue:
    ended = identity.current_session_id()
    if ended is not None:
        actor: Actor = acting(current_user.account_id, current_user.id, current_user.email)
        with write() as store:
            sessions.end(store, ended)
            audit.record(store, actor, "session.ended")
    session.clear()
    return identity.clear_waiting(identity.clear_cookie(go("/login")))


@bp.get("/setup")
@public
def explain_setup() -> ResponseReturnValue:
    if people.is_set_up(db.session()):
        return go("/login")
    return page("accounts/setup_closed.html")


@bp.get("/setup/<token>")
@public
def new_setup(token: str) -> ResponseReturnValue:
    if not setup.is_open(db.session(), token):
        return private(page("accounts/setup_closed.html", status=404))
    return show_setup(SetupForm(formdata=None), token)


@bp.post("/setup/<token>")
@public
def complete_setup(token: str) -> ResponseReturnValue:
    if not setup.is_open(db.session(), token):
        return private(page("accounts/setup_closed.html", status=404))
    form = SetupForm()
    if not form.validate_on_submit():
        return show_setup(form, token, status=422)
    try:
        browser_token = set_up(form, token)
    except Invalid as error:
        form.reject(error)
        return show_setup(form, token, status=422)
    except NotFound:
        return private(page("accounts/setup_closed.html", status=404))
    return private(enter(browser_token, "/"))


def set_up(form: SetupForm, token: str) -> str:
    """The token of the new administrator's session. Raises Invalid and NotFound."""
    email = people.checked_email(form.email.data)
    hashed = people.new_password_hash(form.password.data, email, form.name.data, form.account_name.data)
    with write() as store:
        user = setup.complete(
            store,
            token,
            address=request.remote_addr,
            account_name=form.account_name.data,
            name=form.name.data,
            email=email,
            password_hash=hashed,
        )
        _opened, browser_token = sessions.open_session(
            store, user, ip_address=request.remote_addr, user_agent=request.user_agent.string
        )
    return browser_token


def show_setup(form: SetupForm, token: str, status: int = 200) -> Response:
    context = {"form": form, "token": token}
    return private(page("accounts/setup.html", fragment="accounts/_setup_form.html", status=status, **context))


def private(response: Response) -> Response:
    """The address of the page is a secret: no link may carry it on."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
