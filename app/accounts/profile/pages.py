"""The page of oneself: /profile."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from app.accounts import identity, sessions
from app.accounts.pages import private
from app.accounts.profile import new_email, passwords, service, zones
from app.accounts.profile.forms import EmailForm, PasswordForm, ProfileForm
from app.accounts.sign_in import WrongCredentials
from app.core import shell
from app.core.access import current_actor, public, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, NotFound, localized
from app.core.htmx import go, notify, page
from app.core.i18n import locale
from app.core.ratelimit import limiter
from app.core.runtime import runtime

bp = Blueprint("profile", __name__, url_prefix="/profile")
TABS = (
    ("profile.show", _l("Profile")),
    ("second_factor.show", _l("Second factor")),
    ("sessions.index", _l("Sessions")),
    ("providers.index", _l("Sign-in providers")),
)


@bp.app_template_global("profile_tabs")
def tabs() -> list[dict[str, Any]]:
    """The pages about oneself, for `_profile_tabs.html`, which all of them include. One per blueprint."""
    here = (request.endpoint or "").split(".")[0]
    return [
        {"label": label, "href": url_for(endpoint), "active": endpoint.split(".")[0] == here}
        for endpoint, label in TABS
        if endpoint in current_app.view_functions
    ]


@bp.get("")
@requires("profile.edit")
def show() -> ResponseReturnValue:
    return show_page(stored(), PasswordForm(formdata=None))


@bp.post("")
@requires("profile.edit")
def update() -> ResponseReturnValue:
    form = ProfileForm()
    if not form.validate_on_submit():
        return show_page(form, PasswordForm(formdata=None), "accounts/_profile_form.html", 422)
    with write() as store:
        service.update(store, current_actor(), form.chosen())
    with force_locale(form.locale.data):  # that of the page which shows it
        notify(_("Profile saved."))
    response = go("/profile")
    shell.keep_in_browser(response, {"locale": form.locale.data, "theme": form.theme.data})
    return response


@bp.post("/password")
@requires("profile.edit")
def change_password() -> ResponseReturnValue:
    """Too many wrong ones: 429 with Retry-After, as at sign-in; both count together."""
    form = PasswordForm()
    if not form.validate_on_submit():
        return show_password(form)
    try:
        token = new_session(form.current_password.data, form.password.data)
    except WrongCredentials:
        with write() as store:
            service.record_refusal(store, current_actor())
        form.reject(Invalid({"current_password": [service.WRONG_PASSWORD]}))
        return show_password(form)
    except Invalid as error:
        form.reject(error)
        return show_password(form)
    session.pop("csrf_token", None)  # whoever held the old session may have seen it
    notify(_("Password changed. All your other sessions were ended."))
    return identity.set_cookie(go("/profile"), token)


def new_session(present: str, wanted: str) -> str:
    """Changes the password; the token of this browser's new session. Raises WrongCredentials, Invalid and TooMany."""
    actor = current_actor()
    judged = passwords.judge(db.session(), limiter(), runtime().settings, actor, current_user, present, wanted)
    with write() as store:
        user = passwords.change(store, actor, judged)
        _opened, token = sessions.open_session(
            store, user, ip_address=actor.ip_address, user_agent=request.user_agent.string
        )
    return token


@bp.get("/email")
@requires("profile.edit", confirmed=True)
def edit_email() -> ResponseReturnValue:
    return show_email(EmailForm(formdata=None))


@bp.post("/email")
@requires("profile.edit", confirmed=True)
def change_email() -> ResponseReturnValue:
    """Says the same of an address that somebody has and of one that nobody has."""
    form = EmailForm()
    if not form.validate_on_submit():
        return show_email(form, status=422)
    try:
        prepared = new_email.prepare(db.session(), limiter(), runtime().settings, current_user, form.email.data)
    except Invalid as error:
        form.reject(error)
        return show_email(form, status=422)
    with write() as store:
        new_email.ask(store, current_actor(), prepared)
    notify(localized(new_email.ASKED), "info")
    return go("/profile")


@bp.get("/email/<token>")
@public
def show_link(token: str) -> ResponseReturnValue:
    """Changes nothing: scanners of mail follow links too. The reader may be signed in elsewhere."""
    try:
        email = new_email.find(db.session(), token)
    except NotFound:
        return gone()
    return private(page("joining/new_email.html", token=token, email=email))


@bp.post("/email/<token>")
@public
def confirm_email(token: str) -> ResponseReturnValue:
    try:
        with write() as store:
            new_email.confirm(store, token, identity.caller(), identity.current_session_id())
    except NotFound:
        return gone()
    except Conflict as error:
        return gone(localized(error.message), 409)
    notify(_("Your e-mail address was changed. Sign in with it from now on."))
    return private(go("/profile"))


def gone(words: str | None = None, status: int = 404) -> Response:
    return private(page("joining/gone.html", purpose="email", words=words, status=status))


def stored() -> ProfileForm:
    """The form as the person is kept; what was never chosen is shown as it looks now."""
    return ProfileForm(
        formdata=None,
        name=current_user.name,
        locale=current_user.locale or locale(),
        theme=current_user.theme or shell.theme(),
        timezone=current_user.timezone,
    )


def show_password(form: PasswordForm) -> Response:
    return show_page(stored(), form, "accounts/_password_form.html", 422)


def show_email(form: EmailForm, status: int = 200) -> Response:
    return page("accounts/profile_email.html", fragment="accounts/_email_form.html", form=form, status=status)


def show_page(
    profile_form: ProfileForm, password_form: PasswordForm, fragment: str | None = None, status: int = 200
) -> Response:
    return page(
        "accounts/profile.html",
        fragment=fragment,
        status=status,
        profile_form=profile_form,
        password_form=password_form,
        zones=zones.choices(locale()),
        awaited=new_email.awaited(db.session(), current_user.id),
    )
