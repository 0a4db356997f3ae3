"""The forms of a custom field."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from app.accounts.forms import REQUIRED
from app.contacts.fields.models import CustomField, FieldKind
from app.contacts.fields.words import KINDS
from app.contacts.named_form import NamedForm


class FieldForm(NamedForm):
    named_by = "label"

    label = StringField(_l("Name"), [InputRequired(REQUIRED)])
    options = TextAreaField(_l("Options"))

    def given_options(self) -> list[str]:
        return [line.strip() for line in (self.options.data or "").splitlines() if line.strip()]


class NewFieldForm(FieldForm):
    key = StringField(_l("Key"))
    kind = RadioField(_l("Kind"), choices=[SelectChoice(str(kind), word) for kind, word in KINDS.items()])

    @property
    def is_choice(self) -> bool:
        return bool(self.kind.data == FieldKind.CHOICE)

    def values(self) -> dict[str, Any]:
        """What the service takes. Options of another kind are not seen on the page, and not meant."""
        options = self.given_options() if self.is_choice else []
        return {"label": self.label.data, "key": self.key.data, "kind": self.kind.data, "options": options}


class FieldChangeForm(FieldForm):
    """`goes`: yes, also options that contacts have."""

    goes = BooleanField(_l("Remove them all the same"))

    @classmethod
    def of(cls, field: CustomField) -> FieldChangeForm:
        """On a stored field, or what was posted to it."""
        form = cls(data={"label": field.label, "options": "\n".join(field.options), "version": str(field.version)})
        if field.kind != FieldKind.CHOICE:
            del form.options
        return form

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        return {"label": self.label.data, **({"options": self.given_options()} if self.options else {})}
