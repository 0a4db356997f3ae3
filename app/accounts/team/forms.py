"""The forms of the team."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, HiddenField, RadioField, SelectChoice
from wtforms.validators import AnyOf, DataRequired, Length

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
