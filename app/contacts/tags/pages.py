"""The pages of tags: /tags."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.contacts.group_sizes import Size, size, sizes
from app.contacts.models import ContactTag, Tag
from app.contacts.tags import service
from app.contacts.tags.forms import MergeForm, TagForm
from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, localized
from app.core.htmx import go, notify, page, typed_name, typed_version
from app.core.ids import to_uuid
from app.core.pagination import clamped, paginate

bp = Blueprint("tags", __name__, url_prefix="/tags")


@bp.get("")
@requires("contacts.view")
def index() -> ResponseReturnValue:
    asked = clamped(request.args)
    sort = asked.sort if asked.sort and asked.sort.removeprefix("-") in service.SORTS else "name"
    text = request.args.get("q", "")
    query = service.search(account_id(), text=text, sort=sort)
    found = paginate(db.session(), query, page=asked.page, limit=asked.limit)
    return page(
        "contacts/tags/index.html",
        fragment="contacts/tags/_rows.html",
        found=found,
        sizes=sizes(db.session.connection(), account_id(), ContactTag, [tag.id for tag in found.rows]),
        filtered=bool(text.strip()),
        sort=sort,
    )


@bp.get("/<id>/edit")
@requires("contacts.organize")
def edit(id: str) -> ResponseReturnValue:
    tag = wanted(id)
    return show_edit(tag, TagForm(data={"name": tag.name, "version": str(tag.version)}))


@bp.post("/<id>/edit")
@requires("contacts.organize")
def update(id: str) -> ResponseReturnValue:
    tag, form = wanted(id), TagForm()
    if not form.validate_on_submit():
        return show_edit(tag, form, 422)
    try:
        with write():
            service.rename(current_actor(), tag.id, form.name.data, version=typed_version(form.version.data))
    except (Invalid, Conflict) as error:
        form.refuse(error)
        return show_edit(tag, form, 422)
    notify(_("Tag renamed."))
    return go(url_for(".index"))


def show_edit(tag: Tag, form: TagForm, status: int = 200) -> ResponseReturnValue:
    return page("contacts/tags/edit.html", fragment="contacts/tags/_edit_form.html", tag=tag, form=form, status=status)


@bp.get("/<id>/merge")
@requires("contacts.organize")
def merge_form(id: str) -> ResponseReturnValue:
    return show_merge(wanted(id), MergeForm())


@bp.post("/<id>/merge")
@requires("contacts.organize")
def merge(id: str) -> ResponseReturnValue:
    tag, form = wanted(id), MergeForm()
    if not form.validate_on_submit():
        return show_merge(tag, form, 422)
    into = service.find(account_id(), form.into.data)
    try:
        job_id = service.merge(current_actor(), tag, into)
    except Invalid as error:
        form.reject(error)
        return show_merge(tag, form, 422)
    except Conflict as error:
        return refused(error)
    return done(job_id, _("The tags are one now."))


def show_merge(tag: Tag, form: MergeForm, status: int = 200) -> ResponseReturnValue:
    return page(
        "contacts/tags/merge.html",
        fragment="contacts/tags/_merge_form.html",
        tag=tag,
        form=form,
        others=service.others(tag),
        size=size_of(tag),
        status=status,
    )


@bp.get("/<id>/delete")
@requires("contacts.organize")
def confirm_delete(id: str) -> ResponseReturnValue:
    return show_delete(wanted(id))


@bp.post("/<id>/delete")
@requires("contacts.organize")
def delete(id: str) -> ResponseReturnValue:
    tag = wanted(id)
    if not typed_name(tag.name):
        return show_delete(tag, wrong_name=True)
    try:
        job_id = service.delete(current_actor(), tag)
    except Conflict as error:
        return refused(error)
    return done(job_id, _("Tag deleted. Its contacts stay."))


def show_delete(tag: Tag, wrong_name: bool = False) -> ResponseReturnValue:
    return page(
        "contacts/tags/delete.html",
        fragment="contacts/tags/_danger.html",
        tag=tag,
        size=size_of(tag),
        wrong_name=wrong_name,
        status=422 if wrong_name else 200,
    )


def done(job_id: UUID | None, message: str) -> ResponseReturnValue:
    """To the job, when a worker does it."""
    if job_id is not None:
        return go(url_for("jobs.show", id=job_id))
    notify(message, "warning")
    return go(url_for(".index"))


def refused(error: Conflict) -> ResponseReturnValue:
    notify(localized(error.message), "danger")
    return go(url_for(".index"))


def size_of(tag: Tag) -> Size:
    return size(db.session.connection(), account_id(), ContactTag, tag.id)


def wanted(id: str) -> Tag:
    return service.get(account_id(), to_uuid(id))
