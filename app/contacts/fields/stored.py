"""Custom fields where contacts keep them: asked for, and taken off."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, type_coerce, update
from sqlalchemy.dialects.postgresql import JSONB

from app.contacts import search
from app.contacts.models import Contact

PART = 50  # contacts of one write transaction: some 8 ms, most of it for the index that search has


def has_value(connection: Connection, key: str) -> ColumnElement[bool]:
    """Whether a contact has a value of the field; `key` is one of `keys.KEY`."""
    if connection.dialect.name == "sqlite":
        return func.json_type(Contact.custom, f"$.{key}").is_not(None)
    found: ColumnElement[bool] = type_coerce(Contact.custom, JSONB).has_key(key)
    return found


def text_of(connection: Connection, key: str) -> ColumnElement[str]:
    """Its value as text."""
    if connection.dialect.name == "sqlite":
        return func.json_extract(Contact.custom, f"$.{key}")
    return func.jsonb_extract_path_text(Contact.custom, key)


def strip(connection: Connection, account_id: UUID, key: str, serials: Sequence[int]) -> None:
    """Takes the value of a field off these contacts, and out of what search looks in. Their versions stay: nobody who
    edits them loses anything by it."""
    columns = (Contact.serial, Contact.name, Contact.email, Contact.phone, Contact.company, Contact.custom)
    mine = (Contact.account_id == account_id) & Contact.serial.in_(serials)
    rows = connection.execute(select(*columns).where(mine).order_by(Contact.serial).with_for_update()).all()
    stripped = []
    for row in rows:
        custom = {name: value for name, value in row.custom.items() if name != key}
        text = search.searchable_text(account_id, row.name, row.email, row.phone, row.company, custom.values())
        stripped.append({"of": row.serial, "kept": custom, "text": text})
    if stripped:
        changed = update(Contact).where(Contact.serial == bindparam("of"))
        connection.execute(changed.values(custom=bindparam("kept"), searchable=bindparam("text")), stripped)
        search.tend(connection)
