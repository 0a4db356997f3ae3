"""The form of proving once more who one is."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import Field, HiddenField, PasswordField, StringField, ValidationError
from wtforms.validators import Length

from app.accounts.forms import Form, trimmed
from app.accounts.second_factor.accepting import LONGEST

EITHER = _l("Type your password, or a code.")


class ConfirmForm(Form):
    """One of the two is enough; a code wins, since password managers fill the other in by themselves."""

    password = PasswordField(_l("Password"))
    code = StringField(_l("Code"), [Length(max=LONGEST)], filters=[trimmed])
    next = HiddenField()

    def validate_password(self, field: Field) -> None:
        if not field.data and not self.code.data:
            raise ValidationError(EITHER)
