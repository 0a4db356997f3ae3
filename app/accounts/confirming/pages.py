"""The page that asks once more who this is: /confirm."""

from __future__ import annotations

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.accounts.confirming import trying
from app.accounts.confirming.forms import ConfirmForm
from app.accounts.second_factor import service as second_factor
from app.core.access import current_actor, requires
from app.core.db import db
from app.core.errors import Invalid
from app.core.htmx import go, page, safe_next

bp = Blueprint("confirming", __name__, url_prefix="/confirm")


@bp.get("")
@requires("profile.edit")
def show() -> ResponseReturnValue:
    return show_form(ConfirmForm(formdata=None, next=safe_next(request.args.get("next"))))


@bp.post("")
@requires("profile.edit")
def confirm() -> ResponseReturnValue:
    """Too many wrong ones: 429 with Retry-After."""
    form = ConfirmForm()
    if not form.validate_on_submit():
        return show_form(form, 422)
    try:
        if form.code.data:
            trying.by_code(current_actor(), g.session_id, form.code.data)
        else:
            trying.by_password(current_actor(), g.session_id, form.password.data)
    except Invalid as error:
        form.reject(error)
        return show_form(form, 422)
    return go(safe_next(form.next.data))


def show_form(form: ConfirmForm, status: int = 200) -> Response:
    return page(
        "confirming/show.html",
        fragment="confirming/_form.html",
        status=status,
        form=form,
        has_password=current_user.password_hash is not None,
        has_factor=second_factor.is_on(db.session(), current_user.id),
    )
