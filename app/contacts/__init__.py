"""Contacts: the people a team writes to, found, grouped, imported and respected."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Every part registers its own pages, API, menu entries and commands."""
    from app.contacts import models
    from app.contacts.consent import models as _consent  # noqa: F401 - their tables
    from app.contacts.fields import models as _fields  # noqa: F401
    from app.contacts.importing import models as _importing  # noqa: F401
    from app.contacts.privacy import models as _privacy  # noqa: F401
    from app.contacts.segments import models as _segments  # noqa: F401

    assert models
