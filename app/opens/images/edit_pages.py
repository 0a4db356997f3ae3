"""The pages that change or remove an image."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.access import current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid
from app.core.htmx import go, notify, page, typed_name, typed_version
from app.opens.images import service, usage
from app.opens.images.forms import ContentForm, ImageForm
from app.opens.images.models import Image
from app.opens.images.pages import bp, judged, wanted


@bp.get("/<id>/edit")
@requires("images.edit")
def edit(id: str) -> ResponseReturnValue:
    return show_edit(wanted(id))


@bp.post("/<id>/edit")
@requires("images.edit")
def update(id: str) -> ResponseReturnValue:
    image, form = wanted(id), ImageForm()
    if not form.validate_on_submit():
        return show_edit(image, form=form)
    values = {"name": form.name.data, "signedOnly": form.signed_only.data}
    try:
        with write():
            service.change(current_actor(), image.id, values, version=typed_version(form.version.data))
    except Invalid as error:
        form.reject(error)
        return show_edit(wanted(id), form=form)
    except Conflict:
        return show_edit(stale(form, id), form=form)
    notify(_("Image saved."))
    return go(url_for(".show", id=id))


@bp.post("/<id>/content")
@requires("images.edit")
def replace(id: str) -> ResponseReturnValue:
    image, form = wanted(id), ContentForm()
    if not form.validate_on_submit():
        return show_edit(image, content=form)
    db.session.rollback()  # drawing takes its time, and must hold no transaction open
    try:
        picture = judged(form.file.data)
        with write():
            service.replace(current_actor(), image.id, picture, version=typed_version(form.version.data))
    except Invalid as error:
        form.reject(error)
        return show_edit(wanted(id), content=form)
    except Conflict:
        return show_edit(stale(form, id), content=form)
    notify(_("Image replaced. Mails that were sent already show the new one from their next opening on."))
    return go(url_for(".show", id=id))


def stale(form: Any, id: str) -> Image:
    """Says that somebody else was faster; the next submit overwrites their change."""
    image = wanted(id)
    form.form_errors.append(_("Somebody else changed this image meanwhile. Save again to overwrite their change."))
    form.version.data = str(image.version)
    return image


def show_edit(
    image: Image, *, form: ImageForm | None = None, content: ContentForm | None = None
) -> ResponseReturnValue:
    """The page with its two forms; the given one is what was posted and refused."""
    return page(
        "images/edit.html",
        fragment="images/_content_form.html" if content else "images/_edit_form.html",
        image=image,
        form=form or ImageForm(formdata=None, obj=image),
        content=content or ContentForm(formdata=None, data={"version": image.version}),
        status=422 if form or content else 200,
    )


@bp.post("/<id>/key")
@requires("opens.edit")
def show_key(id: str) -> ResponseReturnValue:
    """The account's signing key, for the program that sends: without it nobody could sign. Noted in the audit."""
    image = wanted(id)
    with write():
        key = service.signing_key(current_actor(), image)
    return page("images/key.html", image=image, key=key)


@bp.get("/<id>/delete")
@requires("images.edit")
def confirm_delete(id: str) -> ResponseReturnValue:
    return show_delete(wanted(id))


@bp.post("/<id>/delete")
@requires("images.edit")
def delete(id: str) -> ResponseReturnValue:
    image = wanted(id)
    if not typed_name(image.file):
        return show_delete(image, wrong_name=True)
    with write():
        service.delete(current_actor(), image.id)
    notify(_("Image deleted. Its opens stay in the figures."), "warning")
    return go(url_for(".index"))


def show_delete(image: Image, wrong_name: bool = False) -> ResponseReturnValue:
    return page(
        "images/delete.html",
        fragment="images/_danger.html",
        image=image,
        loads=usage.loads_ever(db.session.connection(), image)[0],
        wrong_name=wrong_name,
        status=422 if wrong_name else 200,
    )
