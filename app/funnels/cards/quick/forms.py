"""The form of a new card."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField, TelField

from app.accounts.forms import Form, trimmed
from app.funnels.cards.amounts import amount_from
from app.funnels.cards.forms import Amount
from app.funnels.models import Stage

WIRE = {"phoneNumber": "phone", "email": "phone", "stageId": "stage"}


class QuickForm(Form):
    stage = HiddenField()
    value = Amount(_l("Value"), render_kw={"inputmode": "decimal", "placeholder": "0,00"})
    name = StringField(_l("Name"), filters=[trimmed])
    phone = TelField(_l("Phone number"), filters=[trimmed])

    def is_in(self, stage: Stage) -> QuickForm:
        """Ids of its own, since a page may hold one for each column."""
        self.stage.data = str(stage.id)
        for field in self:
            field.id = field.label.field_id = f"quick-{field.short_name}-{stage.id}"
        return self

    def values(self) -> dict[str, Any]:
        """What `cards.service.create` takes beside the contact."""
        return {"stageId": self.stage.data, "value": amount_from(self.value.data)}

    def person(self) -> dict[str, Any]:
        """What `contacts.service.create` takes."""
        return {"name": self.name.data or "", "phoneNumber": self.phone.data or ""}
