"""The form of a category."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import ColorField, RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from app.accounts.forms import REQUIRED
from app.contacts.categories.service import PALETTE
from app.contacts.models import Category
from app.contacts.named_form import NamedForm

OWN = "own"  # the colour is that of the picker


class CategoryForm(NamedForm):
    """A colour of the palette, or one's own."""

    name = StringField(_l("Name"), [InputRequired(REQUIRED)])
    description = StringField(_l("Description"))
    color = RadioField(
        _l("Colour"),
        choices=[*(SelectChoice(hex, word) for hex, word in PALETTE.items()), SelectChoice(OWN, _l("Another colour"))],
    )
    own_color = ColorField(_l("Another colour"))

    @classmethod
    def of(cls, category: Category) -> CategoryForm:
        """On a stored category, or what was posted to it."""
        return cls(
            data={
                "name": category.name,
                "description": category.description,
                "color": category.color if category.color in PALETTE else OWN,
                "own_color": category.color,
                "version": str(category.version),
            }
        )

    @property
    def wire_names(self) -> dict[str, str]:
        return {"color": "own_color"} if self.color.data == OWN else {}

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        return {
            "name": self.name.data,
            "description": self.description.data,
            "color": self.own_color.data if self.color.data == OWN else self.color.data,
        }
