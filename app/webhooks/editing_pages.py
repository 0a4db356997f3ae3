"""The forms of a webhook: /webhooks/new and /webhooks/<id>/edit."""

from __future__ import annotations

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import current_actor, requires
from app.core.db import write
from app.core.errors import Conflict, Invalid, localized
from app.core.htmx import go, notify, page, typed_version
from app.webhooks import service
from app.webhooks.forms import WebhookForm
from app.webhooks.models import Webhook
from app.webhooks.pages import bp, wanted
from app.webhooks.secret_pages import show_secret
from app.webhooks.stored_headers import headers_shown


@bp.get("/new")
@requires("webhooks.edit", confirmed=True)
def new() -> ResponseReturnValue:
    return show_new(WebhookForm())


@bp.post("")
@requires("webhooks.edit", confirmed=True)
def create() -> ResponseReturnValue:
    form = WebhookForm()
    if "add_header" in request.form:
        form.headers.add()
        return show_new(form)
    if not form.validate_on_submit():
        return show_new(form, 422)
    try:
        with write():
            webhook, secret = service.create(current_actor(), form.values())
    except Invalid as error:
        form.refuse(error)
        return show_new(form, 422)
    except Conflict as error:
        form.form_errors.append(localized(error.message))
        return show_new(form, 422)
    return show_secret(webhook, secret, "created", 201)


def show_new(form: WebhookForm, status: int = 200) -> Response:
    return page("webhooks/new.html", fragment="webhooks/_new_form.html", form=form, status=status)


@bp.get("/<id>/edit")
@requires("webhooks.edit", confirmed=True)
def edit(id: str) -> ResponseReturnValue:
    webhook = wanted(id)
    return show_edit(webhook, change_form(webhook))


@bp.post("/<id>/edit")
@requires("webhooks.edit", confirmed=True)
def update(id: str) -> ResponseReturnValue:
    webhook = wanted(id)
    form = change_form(webhook)
    if "add_header" in request.form:
        form.headers.add()
        return show_edit(webhook, form)
    if not form.validate_on_submit():
        return show_edit(webhook, form, 422)
    try:
        with write():
            service.update(current_actor(), webhook.id, form.values(), version=typed_version(form.version.data))
    except Invalid as error:
        form.refuse(error)
        return show_edit(webhook, form, 422)
    except Conflict:
        form.form_errors.append(
            _("Somebody else changed this webhook meanwhile. Save again to overwrite their change.")
        )
        form.version.data = str(wanted(id).version)
        return show_edit(webhook, form, 422)
    notify(_("Webhook saved."))
    return go(url_for(".show", id=id))


def change_form(webhook: Webhook) -> WebhookForm:
    return WebhookForm().for_change(webhook, headers_shown(webhook))


def show_edit(webhook: Webhook, form: WebhookForm, status: int = 200) -> Response:
    context = {"webhook": webhook, "form": form}
    return page("webhooks/edit.html", fragment="webhooks/_edit_form.html", status=status, **context)
