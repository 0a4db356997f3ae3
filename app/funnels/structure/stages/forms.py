"""The forms of a stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import ColorField, HiddenField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from app.accounts.forms import REQUIRED, Form
from app.contacts.categories.forms import OWN
from app.contacts.categories.service import PALETTE
from app.contacts.named_form import NamedForm
from app.funnels.models import Stage
from app.funnels.structure.words import KINDS


class StageForm(NamedForm):
    name = StringField(_l("Name"), [InputRequired(REQUIRED)])
    kind = RadioField(_l("Kind"), choices=[SelectChoice(str(kind), word) for kind, (word, *_more) in KINDS.items()])
    chance = StringField(_l("Chance of being won (per cent)"))
    stalled_after = StringField(_l("Stalled after days"))
    color = RadioField(
        _l("Colour"),
        choices=[*(SelectChoice(hex, word) for hex, word in PALETTE.items()), SelectChoice(OWN, _l("Another colour"))],
    )
    own_color = ColorField(_l("Another colour"))

    @classmethod
    def of(cls, stage: Stage) -> StageForm:
        """On a stored stage, or what was posted to it."""
        return cls(
            data={
                "name": stage.name,
                "kind": stage.kind,
                "chance": str(stage.chance),
                "stalled_after": str(stage.stalled_after or ""),
                "color": stage.color if stage.color in PALETTE else OWN,
                "own_color": stage.color,
                "version": str(stage.version),
            }
        )

    @property
    def wire_names(self) -> dict[str, str]:
        own = {"color": "own_color"} if self.color.data == OWN else {}
        return {"stalledAfter": "stalled_after", **own}

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        return {
            "name": self.name.data,
            "kind": self.kind.data,
            "chance": self.chance.data or "0",
            "stalledAfter": self.stalled_after.data or 0,
            "color": self.own_color.data if self.color.data == OWN else self.color.data,
        }


class LeavingForm(Form):
    """Where the cards of a stage that is deleted go."""

    to = SelectField(_l("Where its cards go"), choices=[], validate_choice=False)
    reason = StringField(_l("Reason, where they are lost by that"))
    version = HiddenField()

    @classmethod
    def to_one_of(cls, stage: Stage, others: Sequence[Stage]) -> LeavingForm:
        form = cls(data={"version": str(stage.version)})
        form.to.choices = [SelectChoice(str(other.id), other.name) for other in others]
        return form
