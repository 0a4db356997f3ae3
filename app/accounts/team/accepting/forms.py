"""What somebody who was invited says of themselves."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from app.accounts.forms import REQUIRED, Form, trimmed


class AcceptForm(Form):
    name = StringField(_l("Your name"), [DataRequired(REQUIRED), Length(max=120)], filters=[trimmed])
    password = PasswordField(_l("Password"), [InputRequired(REQUIRED)])
