"""The pages of categories: /categories."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.contacts.categories import service
from app.contacts.categories.forms import CategoryForm
from app.contacts.group_sizes import size, sizes
from app.contacts.models import Category, ContactCategory
from app.core.access import account_id, current_actor, requires
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, localized
from app.core.htmx import go, notify, page, typed_name, typed_version
from app.core.ids import to_uuid
from app.core.pagination import clamped, paginate

bp = Blueprint("categories", __name__, url_prefix="/categories")


@bp.get("")
@requires("contacts.view")
def index() -> ResponseReturnValue:
    asked = clamped(request.args)
    sort = asked.sort if asked.sort and asked.sort.removeprefix("-") in service.SORTS else "name"
    text = request.args.get("q", "")
    query = service.search(account_id(), text=text, sort=sort)
    found = paginate(db.session(), query, page=asked.page, limit=asked.limit)
    ids = [category.id for category in found.rows]
    return page(
        "contacts/categories/index.html",
        fragment="contacts/categories/_rows.html",
        found=found,
        sizes=sizes(db.session.connection(), account_id(), ContactCategory, ids),
        filtered=bool(text.strip()),
        sort=sort,
    )


@bp.get("/new")
@requires("contacts.organize")
def new() -> ResponseReturnValue:
    color = service.next_color(account_id())
    return show_new(CategoryForm(data={"color": color, "own_color": color}))


@bp.post("")
@requires("contacts.organize")
def create() -> ResponseReturnValue:
    form = CategoryForm()
    if not form.validate_on_submit():
        return show_new(form, 422)
    try:
        with write():
            service.create(current_actor(), form.values())
    except (Invalid, Conflict) as error:
        form.refuse(error)
        return show_new(form, 422)
    notify(_("Category created."))
    return go(url_for(".index"))


def show_new(form: CategoryForm, status: int = 200) -> ResponseReturnValue:
    return page("contacts/categories/new.html", fragment="contacts/categories/_new_form.html", form=form, status=status)


@bp.get("/<id>/edit")
@requires("contacts.organize")
def edit(id: str) -> ResponseReturnValue:
    category = wanted(id)
    return show_edit(category, CategoryForm.of(category))


@bp.post("/<id>/edit")
@requires("contacts.organize")
def update(id: str) -> ResponseReturnValue:
    category = wanted(id)
    form = CategoryForm.of(category)
    if not form.validate_on_submit():
        return show_edit(category, form, 422)
    try:
        with write():
            service.update(current_actor(), category.id, form.values(), version=typed_version(form.version.data))
    except (Invalid, Conflict) as error:
        form.refuse(error)
        return show_edit(category, form, 422)
    notify(_("Category saved."))
    return go(url_for(".index"))


def show_edit(category: Category, form: CategoryForm, status: int = 200) -> ResponseReturnValue:
    return page(
        "contacts/categories/edit.html",
        fragment="contacts/categories/_edit_form.html",
        category=category,
        form=form,
        status=status,
    )


@bp.get("/<id>/delete")
@requires("contacts.organize")
def confirm_delete(id: str) -> ResponseReturnValue:
    return show_delete(wanted(id))


@bp.post("/<id>/delete")
@requires("contacts.organize")
def delete(id: str) -> ResponseReturnValue:
    category = wanted(id)
    if not typed_name(category.name):
        return show_delete(category, wrong_name=True)
    try:
        job_id = service.delete(current_actor(), category)
    except Conflict as error:
        notify(localized(error.message), "danger")
        return go(url_for(".index"))
    if job_id is not None:
        return go(url_for("jobs.show", id=job_id))
    notify(_("Category deleted. Its contacts stay."), "warning")
    return go(url_for(".index"))


def show_delete(category: Category, wrong_name: bool = False) -> ResponseReturnValue:
    return page(
        "contacts/categories/delete.html",
        fragment="contacts/categories/_danger.html",
        category=category,
        size=size(db.session.connection(), account_id(), ContactCategory, category.id),
        wrong_name=wrong_name,
        status=422 if wrong_name else 200,
    )


def wanted(id: str) -> Category:
    return service.get(account_id(), to_uuid(id))
