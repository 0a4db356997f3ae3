"""Categories: groups of contacts that the team keeps by hand."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages, API and menu. Imported here, so that the models alone need no web."""
    from flask_babel import lazy_gettext as _l

    from app.accounts.browser_guard import register_api
    from app.contacts.categories import api, pages
    from app.core.menu import MenuItem, add_to_menu

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
    add_to_menu(app, MenuItem("contacts", _l("Categories"), "categories.index", "archive", "contacts.view", 30))
