"""The verbs on categories, shared by pages and API."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, func, select

from app.accounts import audit
from app.contacts import named
from app.contacts.dissolving import Dissolved, Ending, dissolve
from app.contacts.fields.values import Wrong
from app.contacts.models import Category
from app.contacts.values import plain_text
from app.core import clock
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Invalid
from app.core.folding import folded_name
from app.core.ids import uuid7
from app.core.pagination import Column, order_by

MAX_NAME = 80
MAX_DESCRIPTION = 500
MAX_CATEGORIES = 500
COLOR = re.compile(r"#[0-9a-f]{6}")
FIELDS = ("name", "description", "color")
TAKEN = _l("There is a category with this name already.")
FULL = _l("An account has at most %(number)d categories.", number=MAX_CATEGORIES)
PALETTE: dict[str, Any] = {  # each is told from the others and seen on light and on dark
    "#206bc4": _l("Blue"),
    "#2f9e44": _l("Green"),
    "#e8590c": _l("Orange"),
    "#ae3ec9": _l("Purple"),
    "#d63939": _l("Red"),
    "#0c8599": _l("Teal"),
    "#d6336c": _l("Pink"),
    "#b7791f": _l("Ochre"),
    "#7c5c46": _l("Brown"),
    "#667382": _l("Grey"),
}
SORTS: dict[str, Column] = {
    "name": Category.folded_name,
    "createdAt": Category.created_at,
    "updatedAt": Category.updated_at,
}


def search(account_id: UUID, *, text: str = "", sort: str | None = None) -> Select[Category]:
    """The account's categories as a query for a page of it. Raises Invalid for an unknown order."""
    found = select(Category).where(Category.account_id == account_id)
    if (held := named.holding(Category.folded_name, text)) is not None:
        found = found.where(held)
    return found.order_by(*order_by(sort, SORTS, "name", Category.id))


def get(account_id: UUID, id: UUID | None, *, lock: bool = False) -> Category:
    """Raises NotFound, also for another account's."""
    return named.get(Category, account_id, id, lock=lock)


def next_color(account_id: UUID) -> str:
    """What a new category is offered: the colours of the palette in turn."""
    number = db.session.scalar(select(func.count()).select_from(Category).where(Category.account_id == account_id)) or 0
    return list(PALETTE)[number % len(PALETTE)]


def create(actor: Actor, values: dict[str, Any]) -> Category:
    """A new category. `values`: `name`, `description` and `color` (#rrggbb). Raises Invalid by these names, Taken with
    the category of this name, or Conflict when the account has MAX_CATEGORIES."""
    clean = _checked({"name": "", "color": next_color(actor.account_id), **values})
    named.refuse_more(Category, actor.account_id, MAX_CATEGORIES, FULL)
    now = clock.now()
    category = Category(
        **clean, id=uuid7(), account_id=actor.account_id, created_by=actor.user_id,
        created_at=now, updated_at=now, version=1,
    )  # fmt: skip
    with named.only_one(_of_name(actor.account_id, clean["name"]), Category, TAKEN):
        db.session.add(category)
    first = {name: [None, value] for name, value in audit.values_of(category, FIELDS).items() if value is not None}
    audit.record(db.session(), actor, "category.created", subject_id=category.id, subject=category.name, changes=first)
    return category


def update(actor: Actor, id: UUID | None, values: dict[str, Any], *, version: int | None = None) -> Category:
    """Changes what `values` gives (as in `create`); an empty description clears it. Raises NotFound, Invalid, Taken, or
    Conflict with the current category when `version` is not the stored one."""
    category = get(actor.account_id, id, lock=True)
    named.refuse_stale(category, version)
    clean = _checked(values)
    before = audit.values_of(category, FIELDS)
    with named.only_one(_of_name(actor.account_id, clean.get("name", category.name)), Category, TAKEN):
        for name, value in clean.items():
            setattr(category, name, value)
    changes = audit.changed(before, audit.values_of(category, FIELDS))
    if changes:
        category.updated_at = clock.now()
        category.version += 1
        audit.record(
            db.session(), actor, "category.updated", subject_id=category.id, subject=category.name, changes=changes
        )
    return category


def delete(actor: Actor, category: Category) -> UUID | None:
    """Deletes a category; its contacts stay. Not inside `write()`: see `dissolve`, whose job's id it returns."""
    return dissolve(actor, Dissolved(Ending.DELETE_CATEGORY, actor.account_id, category.id))


def _of_name(account_id: UUID, name: str) -> ColumnElement[bool]:
    return (Category.account_id == account_id) & (Category.folded_name == folded_name(name)[:MAX_NAME])


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """What is given, as columns."""
    clean: dict[str, Any] = {}
    wrong: dict[str, Any] = {}
    for name, read in _READERS.items():
        if name in values:
            try:
                clean |= read(values[name])
            except Invalid as error:
                wrong |= error.fields
    if wrong:
        raise Invalid(wrong)
    return clean


def _name(value: Any) -> dict[str, Any]:
    name = named.name_from(value, MAX_NAME)
    return {"name": name, "folded_name": folded_name(name)[:MAX_NAME]}


def _description(value: Any) -> dict[str, Any]:
    try:
        return {"description": plain_text(value, MAX_DESCRIPTION) or None}
    except Wrong as error:
        raise Invalid({"description": [error.text]}) from None


def _color(value: Any) -> dict[str, Any]:
    color = str(value or "").strip().lower()
    if not COLOR.fullmatch(color):
        raise Invalid({"color": [_l("A colour, such as #206bc4.")]})
    return {"color": color}


_READERS = {"name": _name, "description": _description, "color": _color}
