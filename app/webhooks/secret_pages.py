"""A webhook's secret: shown once, replaced (/webhooks/<id>/rotate), and the end of the overlap."""

from __future__ import annotations

from flask import Response, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import current_actor, requires
from app.core.db import write
from app.core.errors import Conflict, Invalid, localized
from app.core.htmx import go, notify, page
from app.webhooks import rotation
from app.webhooks.forms import RotateForm
from app.webhooks.models import Webhook
from app.webhooks.pages import bp, wanted
from app.webhooks.samples import tabs


@bp.get("/<id>/rotate")
@requires("webhooks.edit", confirmed=True)
def confirm_rotate(id: str) -> ResponseReturnValue:
    return show_rotate(wanted(id), RotateForm(formdata=None))


@bp.post("/<id>/rotate")
@requires("webhooks.edit", confirmed=True)
def rotate(id: str) -> ResponseReturnValue:
    webhook, form = wanted(id), RotateForm()
    if not form.validate_on_submit():
        return show_rotate(webhook, form, 422)
    own = form.secret.data if form.wants_own_secret else None
    try:
        with write():
            webhook, secret = rotation.rotate(
                current_actor(), webhook.id, overlap_hours=form.overlap_hours.data, secret=own
            )
    except Invalid as error:
        form.reject(error, {"overlap": "overlap_hours"})
        return show_rotate(wanted(id), form, 422)
    except Conflict as error:
        form.form_errors.append(localized(error.message))
        return show_rotate(wanted(id), form, 422)
    return show_secret(webhook, secret, "rotated")


def show_rotate(webhook: Webhook, form: RotateForm, status: int = 200) -> Response:
    context = {"webhook": webhook, "form": form}
    return page("webhooks/rotate.html", fragment="webhooks/_rotate_form.html", status=status, **context)


@bp.post("/<id>/end-overlap")
@requires("webhooks.edit", confirmed=True)
def end_overlap(id: str) -> ResponseReturnValue:
    webhook = wanted(id)
    with write():
        rotation.end_overlap(current_actor(), webhook.id)
    notify(_("From now on only the new secret signs."))
    return go(url_for("webhooks.show", id=id))


def show_secret(webhook: Webhook, secret: str, template: str, status: int = 200) -> Response:
    """The only page that ever shows the secret: the answer of the POST itself, so that it is in no URL, cookie or
    cache."""
    response = page(
        f"webhooks/{template}.html",
        fragment=f"webhooks/_{template}.html",
        webhook=webhook,
        secret=secret,
        before=[one for one in rotation.secrets_of(webhook) if one[2] is not None],
        samples=tabs(),
        status=status,
    )
    response.headers["Cache-Control"] = "no-store"
    return response
