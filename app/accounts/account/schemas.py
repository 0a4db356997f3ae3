"""An account's settings on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from app.accounts.models import Account
from app.accounts.roles import Role
from app.core.schema import Out, Schema

MAX_DAYS = 100_000


class AccountChange(Schema):
    """What is given is replaced, the rest stays. `retentionDays` 0: as long as the installation keeps things."""

    name: str | None = Field(None, min_length=1, max_length=120)
    timezone: str | None = Field(None, min_length=1, max_length=64)
    country_code: str | None = Field(None, pattern=r"^[1-9][0-9]{0,2}$", description="calling code, digits alone")
    retention_days: int | None = Field(None, ge=0, le=MAX_DAYS, description="0, or 30 and more")
    masks_people: bool | None = None
    second_factor_roles: list[Role] | None = Field(None, max_length=10)
    version: int | None = Field(None, ge=0, le=2**31 - 1)

    def given(self) -> dict[str, Any]:
        """What the caller decided, by the names of the service."""
        found = self.model_dump(exclude_unset=True, exclude={"version"})
        if "retention_days" in found:
            found["retention_days"] = found["retention_days"] or None
        if "second_factor_roles" in found:
            found["second_factor_roles"] = [str(role) for role in found["second_factor_roles"]]
        return found


class AccountOut(Out):
    """`retentionDays` null: `installationRetentionDays`. The audit log is kept 365 days at least, whatever the account
    says, unless the installation itself keeps less. `masksPeople`: viewers see e-mail addresses, phones and IP
    addresses masked. `secondFactorRoles`: who needs a second factor to go on after signing in."""

    id: UUID
    name: str
    timezone: str
    country_code: str
    retention_days: int | None
    installation_retention_days: int
    masks_people: bool
    second_factor_roles: list[Role]
    created_at: datetime
    version: int

    @classmethod
    def of(cls, account: Account, longest_days: int) -> AccountOut:
        return cls(
            id=account.id,
            name=account.name,
            timezone=account.timezone,
            country_code=account.country_code,
            retention_days=account.retention_days,
            installation_retention_days=longest_days,
            masks_people=account.masks_people,
            second_factor_roles=[Role(role) for role in account.second_factor_roles],
            created_at=account.created_at,
            version=account.version,
        )
