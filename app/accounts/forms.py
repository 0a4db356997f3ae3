"""Forms of sign-in and set-up."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import CombinedMultiDict, MultiDict
from wtforms import EmailField, FileField, HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from app.accounts.second_factor.accepting import LONGEST
from app.core.errors import Invalid, localized

REQUIRED = _l("This field is required.")


def trimmed(value: Any) -> Any:
    """A field's filter: what surrounds a name is no part of it."""
    return value.strip() if isinstance(value, str) else value


class Form(FlaskForm):  # type: ignore[misc]
    """A form that can show what a service found wrong."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        def wrap_formdata(self, form: FlaskForm, formdata: Any) -> Any:
            """What the page itself would send: files only for fields of files, and no JSON, so that every other field
            holds text."""
            if formdata is None or not form.is_submitted():
                return None
            uploads = {name for name, field in form._fields.items() if isinstance(field, FileField)}
            files = MultiDict((name, file) for name, file in request.files.items(multi=True) if name in uploads)
            return CombinedMultiDict((files, request.form)) if files else request.form or None

    def validate(self, extra_validators: Any = None) -> bool:
        is_valid = bool(super().validate(extra_validators))
        for field in self:
            field.errors = [str(error) for error in field.errors]  # the page tells text from nested errors by its type
        return is_valid

    def reject(self, error: Invalid, wire_names: dict[str, str] | None = None) -> None:
        """Puts each message beside its field, or on top when there is none. `wire_names`: API name → field name."""
        for name, texts in error.fields.items():
            field = self._fields.get((wire_names or {}).get(name, name))
            messages = [localized(text) for text in texts]
            if field is None:
                self.form_errors.extend(messages)
            else:
                field.errors = [*field.errors, *messages]
        if not error.fields:
            self.form_errors.append(localized(error.message))


class SignInForm(Form):
    email = EmailField(_l("E-mail"), [InputRequired(REQUIRED)])
    password = PasswordField(_l("Password"), [InputRequired(REQUIRED)])
    next = HiddenField()


class CodeForm(Form):
    """Of the app or a recovery code."""

    code = StringField(_l("Code"), [InputRequired(REQUIRED), Length(max=LONGEST)], filters=[trimmed])
    next = HiddenField()


class SetupForm(Form):
    account_name = StringField(_l("Company"), [DataRequired(REQUIRED), Length(max=120)], filters=[trimmed])
    name = StringField(_l("Your name"), [DataRequired(REQUIRED), Length(max=120)], filters=[trimmed])
    email = EmailField(_l("E-mail"), [DataRequired(REQUIRED), Length(max=254)], filters=[trimmed])
    password = PasswordField(_l("Password"), [InputRequired(REQUIRED)])
