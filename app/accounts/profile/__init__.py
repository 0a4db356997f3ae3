"""A person's own page: name, language, time zone, theme, password."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from flask_babel import lazy_gettext as _l

    from app.accounts.browser_guard import register_api
    from app.accounts.profile import api, pages
    from app.core.menu import MenuItem, menu

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
    menu(app).profile.append(MenuItem("system", _l("Profile"), "profile.show", "user", "profile.edit"))
