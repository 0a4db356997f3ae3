"""The form of an app's first code."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from app.accounts.forms import REQUIRED, Form, trimmed
from app.accounts.second_factor.accepting import LONGEST


class FirstCodeForm(Form):
    code = StringField(_l("Code of the app"), [InputRequired(REQUIRED), Length(max=LONGEST)], filters=[trimmed])
