"""What pages say of a letter: never its subject, which may say too much."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

PURPOSES: dict[str, Any] = {
    "verify": _l("confirmation of an address"),
    "registered": _l("news about an address"),
    "reset": _l("password reset"),
    "password_changed": _l("news about a password"),
    "new_email": _l("confirmation of a new address"),
    "email_wanted": _l("news about an address"),
    "email_taken": _l("news about an address"),
    "invitation": _l("invitation"),
    "invited_elsewhere": _l("news about an address"),
    "provider_linked": _l("news about sign-in providers"),
    "provider_unlinked": _l("news about sign-in providers"),
    "second_factor_on": _l("news about two-factor sign-in"),
    "second_factor_off": _l("news about two-factor sign-in"),
    "second_factor_reset": _l("news about two-factor sign-in"),
}


def title(purpose: str, recipient: str) -> str:
    """`E-mail: password reset to m***@example.com`."""
    return str(_("E-mail: %(purpose)s to %(recipient)s", purpose=purpose_word(purpose), recipient=recipient))


def purpose_word(purpose: str) -> str:
    return str(PURPOSES.get(purpose, _("message")))
