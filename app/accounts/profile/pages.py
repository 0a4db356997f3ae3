"""The page of oneself: /profile."""

from __future__ import annotations

from flask import Blueprint, Response, request, session
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user

from app.accounts import identity, people, sign_in
from app.accounts.profile import service, zones
from app.accounts.profile.forms import PasswordForm, ProfileForm
from app.accounts.sign_in import WrongCredentials
from app.core import shell
from app.core.access import current_actor, requires
from app.core.db import db, write
from app.core.errors import Invalid
from app.core.htmx import go, notify, page
from app.core.i18n import locale
from app.core.ratelimit import limiter

bp = Blueprint("profile", __name__, url_prefix="/profile")


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
    chosen = form.chosen()
    with write() as store:
        service.update(store, current_actor(), chosen)
    with force_locale(chosen.locale):  # that of the page which shows it
        notify(_("Profile saved."))
    response = go("/profile")
    shell.keep_in_browser(response, {"locale": chosen.locale, "theme": chosen.theme})
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
    actor, personal = current_actor(), (current_user.email, current_user.name, current_user.account.name)
    verified = sign_in.verify(db.session(), limiter(), email=actor.name, password=present, address=actor.ip_address)
    if wanted == present:
        raise Invalid({"password": [service.SAME_PASSWORD]})
    password_hash = people.new_password_hash(wanted, *personal)
    with write() as store:
        return service.change_password(store, actor, verified, password_hash, user_agent=request.user_agent.string)


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
    )
