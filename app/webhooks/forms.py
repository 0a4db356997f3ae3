"""The forms of webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, NumberRange, Optional

from app.accounts.forms import REQUIRED, Form, trimmed
from app.core.errors import Invalid, localized
from app.webhooks.header_rows import HeaderRows
from app.webhooks.models import Schedule, Webhook
from app.webhooks.patterns import normalised
from app.webhooks.rules import MOST_OVERLAP_H, MOST_PER_SECOND
from app.webhooks.words import SCHEDULES, Group, groups

GENERATE, OWN = "generate", "choice"
SECRETS = [
    SelectChoice(GENERATE, _l("Make one up: 32 random bytes")),
    SelectChoice(OWN, _l("Use one of my own")),
]
DEFAULT_OVERLAP_H = 24  # as the API has it
MAX_DIGITS = 9
WIRE_NAMES = {"perSecond": "per_second"}


class SmallInteger(IntegerField):  # type: ignore[misc]
    """A whole number; of an endless one only the beginning is read, which is out of range as well."""

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata([text.strip()[:MAX_DIGITS] for text in valuelist])


class WebhookForm(Form):
    name = StringField(_l("Name"), [DataRequired(REQUIRED)], filters=[trimmed])
    url = StringField(_l("Address (URL)"), [DataRequired(REQUIRED)], filters=[trimmed])
    events = SelectMultipleField(_l("Events"), choices=[], validate_choice=False)
    description = TextAreaField(_l("Description"), filters=[trimmed])
    headers = HeaderRows(_l("Headers of your own"))
    schedule = RadioField(_l("When a call failed"), default=str(Schedule.STANDARD))
    per_second = SmallInteger(
        _l("Calls a second, at most"),
        [Optional(), NumberRange(1, MOST_PER_SECOND, _l("Choose 1 to 1,000, or leave it empty for no limit."))],
    )
    secret_choice = RadioField(_l("Secret"), choices=SECRETS, default=GENERATE)
    secret = PasswordField(_l("Secret of your own"))
    active = BooleanField(_l("Active"), default=True)
    version = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.schedule.choices = [SelectChoice(str(key), word) for key, word in SCHEDULES.items()]
        if not self.is_submitted():
            self.headers.show()

    def for_change(self, webhook: Webhook, headers: Mapping[str, str]) -> WebhookForm:
        """The same form on a stored webhook. `headers`: its own, values as they are shown."""
        del self.secret_choice, self.secret
        self.headers.stored = headers
        if not self.is_submitted():
            for name in ("name", "url", "events", "description", "schedule", "version"):
                self[name].data = getattr(webhook, name)
            self.per_second.data = webhook.target.per_second
            self.active.data = webhook.is_active
            self.headers.show()
        return self

    def validate(self, extra_validators: Any = None) -> bool:
        is_valid = super().validate(extra_validators)
        if not self.events.data:
            self.events.errors = [_("Choose at least one event.")]
            return False
        if self.wants_own_secret and not self.secret.data:
            self.secret.errors = [str(REQUIRED)]
            return False
        if self.headers.is_repeated():
            self.headers.errors = [_("Each header can be sent once only.")]
            return False
        return is_valid

    @property
    def wants_own_secret(self) -> bool:
        return "secret" in self and self.secret_choice.data == OWN

    @property
    def groups(self) -> list[Group]:
        """What the picker offers."""
        return groups(self.events.data or [])

    @property
    def chosen(self) -> list[str]:
        """What is ticked, without what a wider choice covers."""
        return normalised(self.events.data or [])

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        found = {
            "name": self.name.data,
            "url": self.url.data,
            "events": self.chosen,
            "description": self.description.data or None,
            "headers": dict(self.headers.pairs()),
            "schedule": self.schedule.data,
            "perSecond": self.per_second.data,
            "active": self.active.data,
        }
        return found | {"secret": self.secret.data} if self.wants_own_secret else found

    def refuse(self, error: Invalid) -> None:
        """Puts the service's messages beside their fields, those of one header (`headers.X-Token`) with its name."""
        fields: dict[str, list[Any]] = {}
        for name, texts in error.fields.items():
            top, _dot, header = name.partition(".")
            fields.setdefault(top, []).extend(f"{header}: {localized(text)}" if header else text for text in texts)
        self.reject(Invalid(fields) if fields else error, WIRE_NAMES)


class RotateForm(Form):
    overlap_hours = SmallInteger(
        _l("Hours in which both secrets sign"),
        [InputRequired(REQUIRED), NumberRange(0, MOST_OVERLAP_H, _l("Choose 0 to 168 hours."))],
        default=DEFAULT_OVERLAP_H,
    )
    secret_choice = RadioField(_l("New secret"), choices=SECRETS, default=GENERATE)
    secret = PasswordField(_l("Secret of your own"))

    def validate(self, extra_validators: Any = None) -> bool:
        is_valid = super().validate(extra_validators)
        if self.wants_own_secret and not self.secret.data:
            self.secret.errors = [str(REQUIRED)]
            return False
        return is_valid

    @property
    def wants_own_secret(self) -> bool:
        return bool(self.secret_choice.data == OWN)
