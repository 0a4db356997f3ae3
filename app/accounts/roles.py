"""What each role may: one table (DECISIONS, "Roles"; facts/security.md §3). Every view names one of these."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    ADMIN = "admin"
    MANAGER = "manager"
    OPERATOR = "operator"
    VIEWER = "viewer"


VIEWER = frozenset(
    {
        "overview.view",
        "events.view",
        "deliveries.view",
        "attention.view",
        "stats.read",
        "opens.view",
        "profile.edit",
        "contacts.view",
        "funnels.view",
    }
)
OPERATOR = VIEWER | {"contacts.edit", "cards.edit"}
MANAGER = OPERATOR | {
    "contacts.delete",
    "contacts.import",
    "contacts.export",
    "contacts.organize",
    "funnels.edit",  # structure and rules
    "funnels.export",
    "pixels.view",
    "webhooks.view",  # without their secrets
    "alerts.view",
    "deliveries.replay",
    "deliveries.cancel",
    "images.edit",
    "mailings.edit",
}
ADMIN = MANAGER | {
    "pixels.edit",
    "webhooks.edit",
    "alerts.edit",
    "clients.view",
    "clients.edit",
    "events.test",
    "targets.operate",  # pause, resume, breaker reset, limits
    "opens.edit",  # rules, settings and keys of opens
    "audit.view",
    "users.view",
    "users.edit",
    "account.edit",
    "outbox.view",
    "privacy.handle",
}

PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.ADMIN: ADMIN,
    Role.MANAGER: MANAGER,
    Role.OPERATOR: OPERATOR,
    Role.VIEWER: VIEWER,
}


def permissions_of(role: str) -> frozenset[str]:
    """The permissions of a role; none for a role that nobody knows."""
    return PERMISSIONS[Role(role)] if role in PERMISSIONS else frozenset()
