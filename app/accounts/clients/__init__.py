"""API clients: the applications of an account that report events, each with its token."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from flask_babel import lazy_gettext as _l

    from app.accounts.browser_guard import register_api
    from app.accounts.clients import api, granting, pages
    from app.core.menu import MenuItem, add_to_menu

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
    granting.init_app(app)
    add_to_menu(app, MenuItem("system", _l("API clients"), "clients.index", "key", "clients.view", 30, "c"))
