"""The form of a rule: its name and what it waits for. Its actions are rows: builder.py."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from app.accounts.forms import Form, trimmed
from app.funnels.models import CardRule
from app.funnels.rules.words import TRIGGERS
from app.funnels.states import Trigger

WIRE_NAMES = {"stageId": "stage", "tagId": "tag", "isActive": "is_active"}


class RuleForm(Form):
    name = StringField(_l("Name"), filters=[trimmed])
    trigger = SelectField(
        _l("When"),
        choices=[SelectChoice(str(key), word) for key, word in TRIGGERS.items()],
        default=str(Trigger.ENTERED),
        validate_choice=False,
    )
    stage = SelectField(_l("Stage"), validate_choice=False)
    days = StringField(_l("Days"), filters=[trimmed])
    tag = StringField(_l("Tag"), filters=[trimmed])
    is_active = BooleanField(_l("Rule is on"), default=True)
    version = HiddenField()

    def show(self, rule: CardRule, tag: str) -> None:
        self.name.data, self.trigger.data, self.is_active.data = rule.name, rule.trigger, rule.is_active
        self.stage.data, self.days.data, self.tag.data = str(rule.stage_id or ""), str(rule.days or ""), tag
        self.version.data = str(rule.version)

    def values(self) -> dict[str, Any]:
        """As `service.create` takes them, without the actions."""
        given: dict[str, Any] = {"name": self.name.data, "trigger": self.trigger.data, "isActive": self.is_active.data}
        if self.trigger.data == Trigger.TAGGED:
            return given | {"tag": self.tag.data}
        given["stageId"] = self.stage.data
        return given | {"days": number_in(self.days.data)} if self.trigger.data == Trigger.STAYED else given


def number_in(text: str | None) -> int | str | None:
    """A number as it was typed; what is none stays text, and is refused by whoever wants a number."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else text
