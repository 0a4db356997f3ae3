"""Forms of targets."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, StringField
from wtforms.validators import InputRequired, NumberRange, Optional

from app.accounts.forms import REQUIRED, Form
from app.outbound.limits.windows import LARGEST, Rates

MAX_DIGITS = 9
OUT_OF_RANGE = _l("Choose 1 to 1,000,000, or leave it empty for no limit.")


class SmallInteger(IntegerField):  # type: ignore[misc]
    """A whole number; of an endless one only the beginning is read, which is out of range as well."""

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata([text.strip()[:MAX_DIGITS] for text in valuelist])


def calls(label: Any) -> SmallInteger:
    return SmallInteger(label, [Optional(), NumberRange(0, LARGEST, message=OUT_OF_RANGE)])


class PauseForm(Form):
    """Why somebody stops a target."""

    reason = StringField(_l("Reason"), [InputRequired(REQUIRED)])


class LimitsForm(Form):
    """How often a target may be called."""

    per_second = calls(_l("Calls a second"))
    per_minute = calls(_l("Calls a minute"))
    per_hour = calls(_l("Calls an hour"))
    per_day = calls(_l("Calls a day"))

    def to_rates(self) -> Rates:
        return Rates(*(self[name].data or None for name in Rates._fields))
