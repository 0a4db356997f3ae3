"""The forms of the team, and of who was invited into it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, HiddenField, PasswordField, RadioField, SelectChoice, StringField
from wtforms.validators import AnyOf, DataRequired, InputRequired, Length

from app.accounts.forms import REQUIRED, Form, trimmed
from app.accounts.roles import Role
from app.accounts.team.words import ROLE_HELP, ROLES

CHOICES = [SelectChoice(str(role), _l("%(role)s – %(help)s", role=ROLES[role], help=ROLE_HELP[role])) for role in Role]
NOT_OFFERED = _l("Choose one of the roles.")


def role_field() -> RadioField:
    """The least role first: nobody gets more by not choosing."""
    return RadioField(
        _l("Role"),
        [AnyOf([str(role) for role in Role], NOT_OFFERED)],
        choices=CHOICES[::-1],
        default=str(Role.VIEWER),
        validate_choice=False,
    )


class InvitationForm(Form):
    email = EmailField(_l("E-mail"), [DataRequired(REQUIRED), Length(max=254)], filters=[trimmed])
    role = role_field()


class RoleForm(Form):
    role = role_field()
    version = HiddenField()


class AcceptForm(Form):
    name = StringField(_l("Your name"), [DataRequired(REQUIRED), Length(max=120)], filters=[trimmed])
    password = PasswordField(_l("Password"), [InputRequired(REQUIRED)])
