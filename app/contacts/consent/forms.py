"""The form by which somebody of the team records what a contact said."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import get_timezone
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from app.accounts.forms import REQUIRED, Form, trimmed
from app.contacts.consent.service import Given
from app.contacts.consent.states import Basis, Channel, Consent, ConsentSource, Purpose
from app.contacts.consent.words import BASES, CHANNELS, PURPOSES, STATES
from app.core import clock, periods
from app.core.errors import Invalid

WIRE = {"textVersion": "text_version"}
NOT_A_TIME = _l("This is not a date and a time.")


class ConsentForm(Form):
    """Times on the clock of the reader."""

    channel = SelectField(_l("Channel"), [InputRequired(REQUIRED)])
    state = SelectField(_l("What they said"), [InputRequired(REQUIRED)])
    purpose = SelectField(_l("What for"), [InputRequired(REQUIRED)])
    basis = SelectField(_l("Legal basis"))
    detail = StringField(_l("Where and how"), [Length(max=255)], filters=[trimmed])
    text_version = StringField(_l("Version of the text they agreed to"), [Length(max=64)], filters=[trimmed])
    at = StringField(_l("When they said it"), [InputRequired(REQUIRED)], filters=[trimmed])

    def prepare(self) -> ConsentForm:
        """Its choices, and, when it is not posted, what it begins with."""
        zone = self._zone = ZoneInfo(str(get_timezone()))  # that one of the library has another arithmetic
        states = {state: word for state, (word, _tone, _icon) in STATES.items()}
        words: dict[str, Any] = {"channel": CHANNELS, "state": states, "purpose": PURPOSES, "basis": BASES}
        for name, known in words.items():
            self[name].choices = [SelectChoice(str(value), word) for value, word in known.items()]
        self.basis.choices.insert(0, SelectChoice("", _l("None recorded")))
        if not self.is_submitted():
            self.purpose.data, self.basis.data = Purpose.MARKETING, Basis.CONSENT
            self.at.data = f"{clock.now().astimezone(zone):%Y-%m-%dT%H:%M}"
        return self

    def given(self) -> Given:
        """Raises Invalid for a time that cannot be read."""
        at = periods.moment(self.at.data, self._zone)
        if at is None:
            raise Invalid({"at": [NOT_A_TIME]})
        return Given(
            Channel(self.channel.data),
            Consent(self.state.data),
            ConsentSource.FORM,
            purpose=Purpose(self.purpose.data),
            basis=Basis(self.basis.data) if self.basis.data else None,
            detail=self.detail.data or None,
            text_version=self.text_version.data or None,
            at=at,
        )
