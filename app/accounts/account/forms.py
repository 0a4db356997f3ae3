"""The form of an account's settings."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, HiddenField, SelectChoice, StringField, ValidationError
from wtforms.validators import DataRequired, Length, Optional

from app.accounts.account import service
from app.accounts.clients.forms import SmallInteger, checkboxes
from app.accounts.forms import REQUIRED, Form, trimmed
from app.accounts.models import Account
from app.accounts.profile import zones
from app.accounts.roles import Role
from app.accounts.team.words import ROLES
from app.core.errors import Invalid

UNKNOWN_ZONE = _l("There is no such time zone. Choose one from the list.")
UNKNOWN_CODE = _l("There is no such calling code. Write the digits alone: 55 for Brazil.")
WIRE_NAMES = {
    "countryCode": "country_code",
    "retentionDays": "retention_days",
    "masksPeople": "masks_people",
    "secondFactorRoles": "second_factor_roles",
}


class AccountForm(Form):
    name = StringField(_l("Company"), [DataRequired(REQUIRED), Length(max=120)], filters=[trimmed])
    timezone = StringField(_l("Time zone"), [DataRequired(REQUIRED)], filters=[trimmed])
    country_code = StringField(_l("Calling code of phone numbers"), [DataRequired(REQUIRED)], filters=[trimmed])
    retention_days = SmallInteger(_l("Days that things are kept"), [Optional()])
    masks_people = BooleanField(_l("Mask people's details for viewers"))
    second_factor_roles = checkboxes(
        _l("Roles that need a second factor"), choices=[SelectChoice(str(role), ROLES[role]) for role in Role]
    )
    version = HiddenField()

    def validate_timezone(self, field: Field) -> None:
        if zones.find(field.data or "") is None:
            raise ValidationError(UNKNOWN_ZONE)

    def validate_country_code(self, field: Field) -> None:
        if not service.is_calling_code((field.data or "").removeprefix("+")):
            raise ValidationError(UNKNOWN_CODE)

    def show(self, account: Account) -> AccountForm:
        for name in (*service.CHOSEN, "version"):
            self[name].data = getattr(account, name)
        return self

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        found = {name: self[name].data for name in service.CHOSEN}
        return {
            **found,
            "country_code": found["country_code"].removeprefix("+"),
            "second_factor_roles": found["second_factor_roles"] or [],
        }

    def reject(self, error: Invalid, wire_names: dict[str, str] | None = None) -> None:
        super().reject(error, wire_names or WIRE_NAMES)
