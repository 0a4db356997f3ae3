"""The audit trail read back: who changed what, when and from where."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from flask_babel import lazy_gettext as _l

    from app.accounts.browser_guard import register_api
    from app.accounts.trail import api, pages
    from app.core.menu import MenuItem, add_to_menu

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
    add_to_menu(app, MenuItem("system", _l("Audit"), "audit.index", "history", "audit.view", 60))
