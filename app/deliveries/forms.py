"""Forms of targets."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from app.accounts.forms import REQUIRED, Form, trimmed
from app.deliveries.targets.service import MAX_REASON


class PauseForm(Form):
    reason = StringField(_l("Reason"), [DataRequired(REQUIRED), Length(max=MAX_REASON)], filters=[trimmed])
