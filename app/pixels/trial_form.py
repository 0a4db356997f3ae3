"""The form of a test event; what each platform shows a test by."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField

from app.accounts.forms import Form
from app.core.errors import Invalid
from app.pixels import trial
from app.pixels.models import Pixel

FIELDS = {
    "eventName": "event_name",
    "testEventCode": "test_event_code",
    "clickId": "click_id",
    "trackFlag": "track_flag",
    "testFlag": "test_flag",
}


class TrialForm(Form):
    event_name = SelectField(_l("Event"), validate_choice=False)
    test_event_code = StringField(_l("Test event code"))
    click_id = StringField(_l("Click ID of Kwai's test page"))
    track_flag = BooleanField(_l("Show it in Kwai's test tab (trackFlag)"))
    test_flag = BooleanField(_l("Mark it as a test (testFlag)"))

    def values(self) -> dict[str, Any]:
        """By wire names, what this platform's form has."""
        found = {wire: self[name].data for wire, name in FIELDS.items() if name in self}
        return {wire: value.strip() if isinstance(value, str) else value for wire, value in found.items()}

    def refuse(self, error: Invalid) -> None:
        self.reject(error, FIELDS)


def trial_form(pixel: Pixel) -> TrialForm:
    """The fields that the pixel's platform takes, filled from its settings or with what was posted."""
    form = TrialForm()
    wishes = trial.wishes(pixel)
    for wire, name in FIELDS.items():
        if wire not in wishes:
            del form[name]
        elif not form.is_submitted():
            form[name].data = wishes[wire]
    form.event_name.choices = trial.event_names(pixel)
    return form
