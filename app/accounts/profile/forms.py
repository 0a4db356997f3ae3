"""The forms of a person's own page."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import (
    EmailField,
    Field,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    ValidationError,
)
from wtforms.validators import AnyOf, DataRequired, EqualTo, InputRequired, Length

from app.accounts.forms import REQUIRED, Form, trimmed
from app.accounts.profile import zones
from app.accounts.profile.service import UNKNOWN_ZONE, Choices
from app.core.errors import localized
from app.core.i18n import LOCALES
from app.core.shell import THEMES

LOOKS = [
    SelectChoice("auto", _l("As the device")),
    SelectChoice("light", _l("Light")),
    SelectChoice("dark", _l("Dark")),
]
LANGUAGES = [SelectChoice(key, name) for key, name in LOCALES.items()]
NOT_TWICE = _l("The two passwords are not the same.")
NOT_OFFERED = _l("Choose one of the list.")


class ProfileForm(Form):
    name = StringField(_l("Your name"), [DataRequired(REQUIRED), Length(max=120)], filters=[trimmed])
    locale = SelectField(_l("Language"), [AnyOf(list(LOCALES), NOT_OFFERED)], choices=LANGUAGES, validate_choice=False)
    timezone = StringField(_l("Time zone"), filters=[trimmed])
    theme = RadioField(_l("Theme"), [AnyOf(THEMES, NOT_OFFERED)], choices=LOOKS, validate_choice=False)

    def validate_timezone(self, field: Field) -> None:
        if field.data and zones.find(field.data) is None:
            raise ValidationError(localized(UNKNOWN_ZONE))

    def chosen(self) -> Choices:
        zone = zones.find(self.timezone.data or "")
        return Choices(self.name.data, self.locale.data, self.theme.data, zone)


class PasswordForm(Form):
    current_password = PasswordField(_l("Present password"), [InputRequired(REQUIRED)])
    password = PasswordField(_l("New password"), [InputRequired(REQUIRED)])
    repeated = PasswordField(_l("New password again"), [InputRequired(REQUIRED), EqualTo("password", NOT_TWICE)])


class EmailForm(Form):
    email = EmailField(_l("New e-mail address"), [DataRequired(REQUIRED), Length(max=254)], filters=[trimmed])
