"""Form of a newcomer's company."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from app.accounts.forms import REQUIRED, Form, trimmed


class CompanyForm(Form):
    account_name = StringField(_l("Company"), [DataRequired(REQUIRED), Length(max=120)], filters=[trimmed])
    name = StringField(_l("Your name"), [DataRequired(REQUIRED), Length(max=120)], filters=[trimmed])
