"""The settings of an account: name, zone, what is kept and shown of people, who needs a second factor."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from flask_babel import lazy_gettext as _l

    from app.accounts.account import api, pages
    from app.accounts.browser_guard import register_api
    from app.core.menu import MenuItem, add_to_menu

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
    add_to_menu(app, MenuItem("system", _l("Account settings"), "account.show", "settings", "account.edit", 20))
