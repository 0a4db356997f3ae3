"""Segments: saved filters over contacts."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from flask_babel import lazy_gettext as _l

    from app.accounts.browser_guard import register_api
    from app.contacts.segments import api, pages
    from app.core.menu import MenuItem, add_to_menu

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
    add_to_menu(app, MenuItem("contacts", _l("Segments"), "segments.index", "filter", "contacts.view", 20))
