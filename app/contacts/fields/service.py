"""The verbs on custom fields, shared by pages and API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, select

from app.accounts import audit
from app.contacts import named
from app.contacts.fields import keys
from app.contacts.fields.models import CustomField, FieldKind
from app.contacts.fields.options import options_from
from app.core import clock, jobs
from app.core.access import Actor
from app.core.db import db
from app.core.errors import Invalid
from app.core.folding import folded_name
from app.core.ids import uuid7
from app.core.pagination import Column, order_by

KIND = "delete_contact_field"
MAX_LABEL = 60
MAX_FIELDS = 50
FIELDS = ("key", "label", "kind", "options", "position")
TAKEN = _l("There is a field with this name already.")
KEY_TAKEN = _l("There is a field with this key already.")
FULL = _l("An account has at most %(number)d custom fields.", number=MAX_FIELDS)
FIXED = _l("Cannot be changed: contacts, segments and imports name the field by it.")
SORTS: dict[str, Column] = {
    "position": CustomField.position,
    "label": CustomField.folded_label,
    "key": CustomField.key,
    "createdAt": CustomField.created_at,
}


def search(account_id: UUID, sort: str | None = None) -> Select[CustomField]:
    """The account's fields as a query for a page of it, by default in their own order. Raises Invalid for an unknown
    one."""
    found = select(CustomField).where(CustomField.account_id == account_id)
    return found.order_by(*order_by(sort, SORTS, "position", CustomField.id))


def fields_of(account_id: UUID) -> Sequence[CustomField]:
    """All of them, in their own order."""
    return db.session.scalars(search(account_id)).all()


def get(account_id: UUID, id: UUID | None, *, lock: bool = False) -> CustomField:
    """Raises NotFound, also for another account's."""
    return named.get(CustomField, account_id, id, lock=lock)


def create(actor: Actor, values: dict[str, Any]) -> CustomField:
    """A new field, after the others. `values`: `label`, `key` (by default made from the label), `kind` and, of a
    choice, `options`. Raises Invalid by these names, Taken with the field of this label, or Conflict when the account
    has MAX_FIELDS."""
    named.refuse_more(CustomField, actor.account_id, MAX_FIELDS, FULL)
    there = fields_of(actor.account_id)
    clean = _checked(values, {field.key for field in there})
    now = clock.now()
    field = CustomField(
        **clean, id=uuid7(), account_id=actor.account_id, position=max((one.position for one in there), default=-1) + 1,
        created_by=actor.user_id, created_at=now, updated_at=now, version=1,
    )  # fmt: skip
    with named.only_one(_of_label(actor.account_id, field.label), CustomField, TAKEN):
        db.session.add(field)
    _record(actor, "contact_field.created", field, {name: [None, getattr(field, name)] for name in FIELDS[:-1]})
    return field


def update(actor: Actor, id: UUID | None, values: dict[str, Any], *, version: int | None = None) -> CustomField:
    """Changes what `values` gives of `label`, `options` and `position`; key and kind stay. Contacts keep what they have
    of an option that goes. Raises NotFound, Invalid, Taken, or Conflict with the current field when `version` is not
    the stored one."""
    field = get(actor.account_id, id, lock=True)
    named.refuse_stale(field, version)
    _refuse_fixed(field, values)
    before = audit.values_of(field, FIELDS)
    label = named.name_from(values["label"], MAX_LABEL, "label") if "label" in values else field.label
    options = options_from(field.kind, values["options"]) if "options" in values else field.options
    with named.only_one(_of_label(actor.account_id, label), CustomField, TAKEN):
        field.label, field.folded_label, field.options = label, folded_name(label)[:MAX_LABEL], options
    if "position" in values:
        _move(field, values["position"])
    changes = audit.changed(before, audit.values_of(field, FIELDS))
    if changes:
        field.updated_at = clock.now()
        field.version += 1
        _record(actor, "contact_field.updated", field, changes)
    return field


def delete(actor: Actor, id: UUID | None, *, version: int | None = None) -> UUID:
    """Has a worker take its values off all contacts, and then the field itself: the job's id. Raises NotFound, or
    Conflict when `version` is not the stored one or too many such jobs wait."""
    field = get(actor.account_id, id, lock=True)
    named.refuse_stale(field, version)
    connection, params = db.session.connection(), {"id": str(field.id)}
    return jobs.start(connection, account_id=actor.account_id, kind=KIND, params=params, created_by=actor.user_id)


def propose_key(account_id: UUID, label: str) -> str:
    """A key for a new field of this label, or nothing for no label."""
    return keys.proposed(label, {field.key for field in fields_of(account_id)}) if label.strip() else ""


def _checked(values: dict[str, Any], taken: set[str]) -> dict[str, Any]:
    wrong: dict[str, Any] = {}
    label, key, kind, options = "", "", str(values.get("kind") or ""), []
    try:
        label = named.name_from(values.get("label"), MAX_LABEL, "label")
        key = str(values.get("key") or "").strip() or keys.proposed(label, taken)
    except Invalid as error:
        wrong |= error.fields
    if key and not keys.KEY.fullmatch(key):
        wrong["key"] = [_l("Small letters, digits and _, beginning with a letter; at most 40.")]
    elif key in taken:
        wrong["key"] = [KEY_TAKEN]
    if kind not in tuple(FieldKind):
        wrong["kind"] = [_l("One of %(known)s.", known=", ".join(FieldKind))]
    else:
        try:
            options = options_from(kind, values.get("options"))
        except Invalid as error:
            wrong |= error.fields
    if wrong:
        raise Invalid(wrong)
    return {
        "label": label, "folded_label": folded_name(label)[:MAX_LABEL], "key": key, "kind": kind, "options": options,
    }  # fmt: skip


def _refuse_fixed(field: CustomField, values: dict[str, Any]) -> None:
    wrong = {
        name: [FIXED] for name in ("key", "kind") if values.get(name, getattr(field, name)) != getattr(field, name)
    }
    if wrong:
        raise Invalid(wrong)


def _move(field: CustomField, position: int) -> None:
    """Puts the field at this place, from 0; the others close up. They keep their versions: nobody edits a place."""
    others = [one for one in fields_of(field.account_id) if one.id != field.id]
    place = max(0, min(position, len(others)))
    for number, one in enumerate([*others[:place], field, *others[place:]]):
        if one.position != number:
            one.position = number


def _of_label(account_id: UUID, label: str) -> ColumnElement[bool]:
    folded = folded_name(label)[:MAX_LABEL]
    return (CustomField.account_id == account_id) & (CustomField.folded_label == folded)


def _record(actor: Actor, action: str, field: CustomField, changes: audit.Changes) -> None:
    audit.record(db.session(), actor, action, subject_id=field.id, subject=field.label, changes=changes)
