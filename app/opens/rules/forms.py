"""The forms of own rules, of trying one, and of the settings."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length

from app.accounts.forms import REQUIRED, Form, trimmed
from app.opens.models import OpenClass
from app.opens.rules.models import DEFAULT_FOLD_S, Addresses, RuleKind
from app.opens.rules.words import CLASSES

KINDS = [
    SelectChoice(str(RuleKind.AGENT), _l("Program (part of the user agent)")),
    SelectChoice(str(RuleKind.NETWORK), _l("Address or network")),
]
ADDRESSES = [
    SelectChoice(str(Addresses.MASKED), _l("Masked: only the network (203.0.113.0)")),
    SelectChoice(str(Addresses.FULL), _l("Full address")),
    SelectChoice(str(Addresses.NONE), _l("No address at all")),
]


class RuleForm(Form):
    kind = SelectField(_l("What it looks at"), choices=KINDS, default=str(RuleKind.NETWORK))
    pattern = StringField(_l("Pattern"), [DataRequired(REQUIRED)], filters=[trimmed])
    open_class = SelectField(
        _l("Counts as"),
        choices=[SelectChoice(str(key), word) for key, (word, _tone, _icon) in CLASSES.items()],
        default=str(OpenClass.BOT),
    )
    note = StringField(_l("Note"), filters=[trimmed])


class TryForm(Form):
    agent = TextAreaField(_l("User agent"), [Length(max=4096)])
    address = StringField(_l("IP address"), [Length(max=64)], filters=[trimmed])


class SettingsForm(Form):
    addresses = RadioField(_l("Addresses of readers"), choices=ADDRESSES, default=str(Addresses.MASKED))
    fold_s = IntegerField(_l("Fold repeats within"), [InputRequired(REQUIRED)], default=DEFAULT_FOLD_S)
    version = HiddenField()
