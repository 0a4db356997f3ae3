"""How people call the kinds of custom fields."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.contacts.fields.models import FieldKind

KINDS: dict[str, Any] = {
    FieldKind.TEXT: _l("Text"),
    FieldKind.NUMBER: _l("A number"),
    FieldKind.DATE: _l("Date"),
    FieldKind.YES_NO: _l("Yes or no"),
    FieldKind.CHOICE: _l("Choice from a list"),
}
