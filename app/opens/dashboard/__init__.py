"""What was opened, in figures: the dashboard of a period, and the live page."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """The menu. The blueprint is registered by the package above, which imports the pages."""
    from flask_babel import lazy_gettext as _l

    from app.core.menu import MenuItem, add_to_menu

    add_to_menu(app, MenuItem("tracking", _l("Opens"), "opens.overview", "mail-opened", "opens.view", 31, "m"))
