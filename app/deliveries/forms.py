"""Forms of targets."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import InputRequired

from app.accounts.forms import REQUIRED, Form


class PauseForm(Form):
    """Why somebody stops a target."""

    reason = StringField(_l("Reason"), [InputRequired(REQUIRED)])
