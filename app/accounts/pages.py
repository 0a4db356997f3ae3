"""Pages: sign in, sign out, set up."""

from __future__ import annotations

from flask import Blueprint, Response, request, session
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.accounts import audit, identity, people, sessions, setup, sign_in
from app.accounts.forms import SetupForm, SignInForm
from app.accounts.sign_in import WrongCredentials
from app.core.access import Actor, acting, public
from app.core.db import db, write
from app.core.errors import Invalid, NotFound, localized
from app.core.htmx import go, page, safe_next
from app.core.logs import request_id
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
        token = sign_in_browser(form.email.data, form.password.data)
    except WrongCredentials as error:
        form.form_errors.append(localized(error.message))
        return show_login(form, status=422)
    return enter(token, safe_next(form.next.data))


def sign_in_browser(email: str, password: str) -> str:
    """The token of a new session. Raises WrongCredentials and TooMany."""
    replaces = identity.current_session_id()
    try:
        verified = sign_in.verify(db.session(), limiter(), email=email, password=password, address=request.remote_addr)
    except WrongCredentials as error:
        with write() as store:
            sign_in.record_failure(store, error.user_id, request.remote_addr, request_id.get())
        raise
    with write() as store:
        _opened, token = sign_in.open_session(
            store,
            verified,
            address=request.remote_addr,
            request_id=request_id.get(),
            user_agent=request.user_agent.string,
            replaces=replaces,
        )
    return token


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
    return identity.clear_cookie(go("/login"))


@bp.get("/setup")
@public
def explain_setup() -> ResponseReturnValue:
    if people.anybody(db.session()):
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
