"""The verbs of an account's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any
from uuid import UUID

import phonenumbers
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.account.keeping import SHORTEST_DAYS
from app.accounts.models import Account
from app.accounts.profile import zones
from app.accounts.roles import Role
from app.accounts.second_factor import service as second_factor
from app.core import config_version
from app.core.access import Actor
from app.core.errors import N_, Conflict, Invalid, NotFound

NO_NAME = N_("Give it a name.")
MAX_NAME = 120
UNKNOWN_ZONE = N_("There is no such time zone. Choose one from the list.")
UNKNOWN_CODE = N_("There is no such calling code. Write the digits alone: 55 for Brazil.")
UNKNOWN_ROLE = N_("Choose from the roles.")
OUT_OF_RANGE = N_("Choose at least 30 days and at most what the installation keeps, or leave it empty.")
YOURSELF_FIRST = N_("Set up a second factor of your own first: you could not sign in to this page again without one.")


@dataclass(frozen=True, slots=True)
class Choices:
    """What administrators decide. `country_code`: digits of a calling code; `retention_days` None: as long as the
    installation keeps things; `second_factor_roles`: roles that cannot do without."""

    name: str
    timezone: str
    country_code: str
    retention_days: int | None
    masks_people: bool
    second_factor_roles: list[str]


CHOSEN = tuple(field.name for field in fields(Choices))


def get(session: Session, account_id: UUID) -> Account:
    return session.get_one(Account, account_id)


def update(
    session: Session, actor: Actor, given: Mapping[str, Any], longest_days: int, version: int | None = None
) -> Account:
    """Replaces the given `Choices` fields of the actor's account. `longest_days`: what the installation keeps. Raises
    Invalid with the API's names of the fields, and Conflict for a stale version."""
    account = _held(session, actor.account_id)
    if version is not None and version != account.version:
        raise Conflict(current=account)
    before = audit.values_of(account, CHOSEN)
    wanted = _checked(session, actor, Choices(**{**before, **given}), before, longest_days)
    changes = audit.changed(before, asdict(wanted))
    if not changes:
        return account
    for name in changes:
        setattr(account, name, getattr(wanted, name))
    account.version += 1
    session.flush()
    audit.record(session, actor, "account.updated", subject_id=account.id, subject=account.name, changes=changes)
    config_version.bump(session.connection())  # intake remembers the calling code
    return account


def _held(session: Session, account_id: UUID) -> Account:
    """Until the end of this write; foreign keys may still point at it."""
    wanted = select(Account).where(Account.id == account_id).with_for_update(key_share=True)
    account = session.scalars(wanted.execution_options(populate_existing=True)).one_or_none()
    if account is None:
        raise NotFound
    return account


def _checked(session: Session, actor: Actor, wanted: Choices, before: Mapping[str, Any], longest_days: int) -> Choices:
    wrong: dict[str, list[str]] = {}
    name, zone = wanted.name.strip(), zones.find(wanted.timezone)
    if not 1 <= len(name) <= MAX_NAME:
        wrong["name"] = [NO_NAME]
    if wanted.timezone != before["timezone"] and zone is None:
        wrong["timezone"] = [UNKNOWN_ZONE]
    if not is_calling_code(wanted.country_code):
        wrong["countryCode"] = [UNKNOWN_CODE]
    days = wanted.retention_days
    if days is not None and days != before["retention_days"] and not SHORTEST_DAYS <= days <= longest_days:
        wrong["retentionDays"] = [OUT_OF_RANGE]
    roles = sorted({str(role) for role in wanted.second_factor_roles})
    if any(role not in tuple(Role) for role in roles):
        wrong["secondFactorRoles"] = [UNKNOWN_ROLE]
    elif _locks_out(session, actor, roles, before["second_factor_roles"]):
        wrong["secondFactorRoles"] = [YOURSELF_FIRST]
    if wrong:
        raise Invalid(wrong)
    return Choices(name, zone or wanted.timezone, wanted.country_code, days, wanted.masks_people, roles)


def _locks_out(session: Session, actor: Actor, roles: list[str], before: list[str]) -> bool:
    """Whether administrators would need from now on what the one who says so does not have."""
    is_new = Role.ADMIN in roles and Role.ADMIN not in before
    return is_new and actor.user_id is not None and not second_factor.is_on(session, actor.user_id)


def is_calling_code(text: str) -> bool:
    known = text.isascii() and text.isdigit() and not text.startswith("0") and len(text) <= 3
    return known and int(text) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE
