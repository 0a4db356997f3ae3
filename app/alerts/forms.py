"""The form of a rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, IntegerField, SelectMultipleField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from app.accounts.forms import REQUIRED, Form
from app.alerts.rules import Person, Rule
from app.core.errors import Conflict, Invalid

WIRE_NAMES = {"userIds": "user_ids", "repeatHours": "repeat_hours"}
WHOLE = _l("This is no whole number.")


class WholeField(IntegerField):  # type: ignore[misc]
    def process_formdata(self, valuelist: list[str]) -> None:
        """Nine digits at most: a number that no column takes is a wrong one."""
        text = valuelist[0].strip() if valuelist else ""
        self.data = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
        if text and self.data is None:
            raise ValueError(str(WHOLE))


class RuleForm(Form):
    enabled = BooleanField(_l("Alert of this"))
    threshold = WholeField(_l("Threshold"), [InputRequired(REQUIRED)])
    by_mail = BooleanField(_l("By e-mail"))
    user_ids = SelectMultipleField(
        _l("Who gets the e-mail"),
        option_widget=CheckboxInput(),
        widget=ListWidget(),
        choices=[],
    )
    by_webhook = BooleanField(_l("By webhook (alert.raised and alert.resolved)"))
    repeat_hours = WholeField(_l("Told again after how many hours"), [InputRequired(REQUIRED)])
    version = HiddenField()

    @classmethod
    def of(cls, rule: Rule, people: Sequence[Person]) -> RuleForm:
        """On a rule, or what was posted to it."""
        names = ("enabled", "threshold", "by_mail", "by_webhook", "repeat_hours")
        known = {person.id for person in people}
        form = cls(
            data={name: getattr(rule, name) for name in names}
            | {"user_ids": [id for id in rule.user_ids if id in known], "version": str(rule.version)}
        )
        form.user_ids.choices = [SelectChoice(person.id, f"{person.name} ({person.email})") for person in people]
        if rule.topic.threshold is None:
            del form.threshold
        else:
            form.threshold.label.text = rule.topic.threshold.label
        return form

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        return {
            "enabled": self.enabled.data,
            "byMail": self.by_mail.data,
            "userIds": list(self.user_ids.data or ()),
            "byWebhook": self.by_webhook.data,
            "repeatHours": self.repeat_hours.data,
        } | ({"threshold": self.threshold.data} if self.threshold is not None else {})

    def refuse(self, error: Invalid | Conflict) -> None:
        """A stale form takes the new version: sent again, it overwrites what somebody else changed."""
        if isinstance(error, Invalid):
            self.reject(error, WIRE_NAMES)
            return
        self.form_errors.append(_("Somebody else changed this meanwhile. Save again to overwrite their change."))
        self.version.data = str(getattr(error.current, "version", 0))
