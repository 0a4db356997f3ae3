"""How pages and letters call roles and states."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.accounts.roles import Role
from app.accounts.team.listing import State

ROLES: dict[str, Any] = {
    Role.ADMIN: _l("Administrator"),
    Role.MANAGER: _l("Manager"),
    Role.OPERATOR: _l("Operator"),
    Role.VIEWER: _l("Viewer"),
}
ROLE_HELP: dict[str, Any] = {
    Role.ADMIN: _l("Everything in the account: people, settings, pixels, API clients."),
    Role.MANAGER: _l("Images and mailings; retries and cancels deliveries; sees pixels."),
    Role.OPERATOR: _l("Sees events, deliveries and reports, addresses in full."),
    Role.VIEWER: _l("Looks only. Addresses of people are masked unless the account says otherwise."),
}
STATES: dict[str, tuple[Any, str]] = {
    State.ACTIVE: (_l("Active"), "success"),
    State.DISABLED: (_l("Disabled"), "danger"),
    State.INVITED: (_l("Invited"), "info"),
}
