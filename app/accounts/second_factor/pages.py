"""One's own second factor: /profile/two-factor; and who has to set one up before anything else."""

from __future__ import annotations

from typing import Any

import segno
from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from app.accounts import identity
from app.accounts.second_factor import changing, service, totp
from app.accounts.second_factor.forms import FirstCodeForm
from app.core import clock
from app.core.access import current_actor, requires
from app.core.db import db, write
from app.core.errors import Invalid
from app.core.htmx import go, notify, page

bp = Blueprint("second_factor", __name__, url_prefix="/profile/two-factor")
# Blueprints and endpoints; what is `@public` (sign out, language, theme) is open anyway. Setting one up wants a recent
# proof, which who has no password gives by a provider.
OPEN_WITHOUT = ("second_factor", "confirming", "social.confirm")


def to_set_up() -> ResponseReturnValue | None:
    """Where somebody goes first whose role needs a second factor, and who has none."""
    is_open = request.blueprint in OPEN_WITHOUT or request.endpoint in OPEN_WITHOUT
    if is_open or not service.is_missing(db.session(), current_user):
        return None
    return go(url_for("second_factor.show"))


@bp.get("")
@requires("profile.edit", confirmed=True)
def show() -> ResponseReturnValue:
    return page("second_factor/show.html", state=service.state_of(db.session(), current_user))


@bp.post("")
@requires("profile.edit", confirmed=True)
def start() -> ResponseReturnValue:
    with write() as store:
        service.start(store, current_actor(), clock.now())
    return go(url_for(".app"))


@bp.get("/app")
@requires("profile.edit", confirmed=True)
def app() -> ResponseReturnValue:
    return show_app(FirstCodeForm(formdata=None))


@bp.post("/app")
@requires("profile.edit", confirmed=True)
def confirm() -> ResponseReturnValue:
    """Too many wrong codes: 429 with Retry-After."""
    form = FirstCodeForm()
    if not form.validate_on_submit():
        return show_app(form, 422)
    try:
        codes = changing.confirm(current_actor(), form.code.data, keeps=identity.current_session_id())
    except Invalid as error:
        form.reject(error)
        return show_app(form, 422)
    return show_codes(codes, is_new=True)


@bp.post("/recovery-codes")
@requires("profile.edit", confirmed=True)
def renew_codes() -> ResponseReturnValue:
    with write() as store:
        codes = service.renew_codes(store, current_actor())
    return show_codes(codes)


@bp.post("/off")
@requires("profile.edit", confirmed=True)
def turn_off() -> ResponseReturnValue:
    changing.turn_off(current_actor())
    notify(_("Your second factor is off."), "warning")
    return go(url_for(".show"))


def show_app(form: FirstCodeForm, status: int = 200) -> Response:
    secret = service.started_secret(db.session(), current_user.id)
    if secret is None:
        return go(url_for(".show"))
    qr = segno.make(totp.uri(secret, current_user.email), micro=False)
    context: dict[str, Any] = {
        "form": form,
        "qr": qr.svg_data_uri(scale=4, border=4, light="#fff"),
        "secret": totp.grouped(secret),
    }
    return unkept(page("second_factor/app.html", fragment="second_factor/_app_form.html", status=status, **context))


def show_codes(codes: list[str], *, is_new: bool = False) -> Response:
    """The only page that ever shows them: the answer of the POST itself."""
    context: dict[str, Any] = {"codes": codes, "is_new": is_new}
    return unkept(page("second_factor/codes.html", fragment="second_factor/_codes.html", **context))


def unkept(response: Response) -> Response:
    """A secret is on it: no cache keeps the page."""
    response.headers["Cache-Control"] = "no-store"
    return response
