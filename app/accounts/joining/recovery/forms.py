"""The form behind the link of a letter."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import PasswordField
from wtforms.validators import EqualTo, InputRequired

from app.accounts.forms import REQUIRED, Form
from app.accounts.profile.forms import NOT_TWICE


class NewPasswordForm(Form):
    password = PasswordField(_l("New password"), [InputRequired(REQUIRED)])
    repeated = PasswordField(_l("New password again"), [InputRequired(REQUIRED), EqualTo("password", NOT_TWICE)])
