"""The forms of a funnel."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from app.accounts.forms import REQUIRED
from app.contacts.named_form import NamedForm
from app.funnels.models import Funnel
from app.funnels.structure.patterns import PATTERNS


class FunnelForm(NamedForm):
    name = StringField(_l("Name"), [InputRequired(REQUIRED)])
    description = StringField(_l("Description"))


class NewFunnelForm(FunnelForm):
    pattern = RadioField(
        _l("Begins with"), choices=[SelectChoice(key, word) for key, (word, _stages) in PATTERNS.items()]
    )

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        return {"name": self.name.data, "description": self.description.data, "pattern": self.pattern.data}


class FunnelChangeForm(FunnelForm):
    reasons = TextAreaField(_l("Reasons why deals are lost"))

    @classmethod
    def of(cls, funnel: Funnel) -> FunnelChangeForm:
        """On a stored funnel, or what was posted to it."""
        return cls(
            data={
                "name": funnel.name,
                "description": funnel.description,
                "reasons": "\n".join(funnel.reasons),
                "version": str(funnel.version),
            }
        )

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        return {
            "name": self.name.data,
            "description": self.description.data,
            "reasons": (self.reasons.data or "").splitlines(),
        }
