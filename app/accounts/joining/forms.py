"""The forms of opening an account."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from app.accounts.forms import REQUIRED, Form, trimmed


class RegisterForm(Form):
    account_name = StringField(_l("Company"), [DataRequired(REQUIRED), Length(max=120)], filters=[trimmed])
    name = StringField(_l("Your name"), [DataRequired(REQUIRED), Length(max=120)], filters=[trimmed])
    email = EmailField(_l("E-mail"), [DataRequired(REQUIRED), Length(max=254)], filters=[trimmed])
    password = PasswordField(_l("Password"), [InputRequired(REQUIRED)])


class VerifyForm(Form):
    """The password that was typed at registration."""

    password = PasswordField(_l("Password"), [InputRequired(REQUIRED)])


class AddressForm(Form):
    """An address, and nothing else: for another letter, or for a forgotten password."""

    email = EmailField(_l("E-mail"), [DataRequired(REQUIRED), Length(max=254)], filters=[trimmed])
