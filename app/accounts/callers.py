"""Which roles and which scopes have a permission: the two tables, read the other way round."""

from __future__ import annotations

from app.accounts.clients.lookup import SCOPE_PERMISSIONS
from app.accounts.roles import PERMISSIONS
from app.core.openapi import Callers


def callers_of(permission: str) -> Callers:
    return Callers(
        tuple(str(role) for role, permissions in PERMISSIONS.items() if permission in permissions),
        tuple(str(scope) for scope, named in SCOPE_PERMISSIONS.items() if named == permission),
    )
