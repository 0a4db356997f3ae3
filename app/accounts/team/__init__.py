"""The people of an account: who is in it, with which role, and who is invited."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from flask_babel import lazy_gettext as _l

    from app.accounts.browser_guard import register_api
    from app.accounts.team import api, pages
    from app.accounts.team.accepting import api as accepting_api
    from app.accounts.team.accepting import pages as accepting_pages
    from app.core.menu import MenuItem, add_to_menu

    app.register_blueprint(pages.bp)
    app.register_blueprint(accepting_pages.bp)
    register_api(app, api.users_bp, api.invitations_bp, accepting_api.bp)
    add_to_menu(app, MenuItem("system", _l("Team"), "team.index", "users", "users.view", 10))
