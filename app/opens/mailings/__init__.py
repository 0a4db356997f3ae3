"""Mailings: open rates where there can be one, and who never opened."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages, API and menu. Imported here, so that the models alone need no web."""
    from flask_babel import lazy_gettext as _l

    from app.accounts.browser_guard import register_api
    from app.core.bodies import FORM_SLACK, take_larger
    from app.core.menu import MenuItem, add_to_menu
    from app.opens.mailings import api, pages, reading
    from app.opens.mailings.ids import pages as _ids  # noqa: F401  # adds its views to pages.bp

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
    take_larger("(?:/api(?:/v1)?)?/mailings/[^/]+/list", reading.MAX_BYTES + FORM_SLACK)
    add_to_menu(app, MenuItem("tracking", _l("Mailings"), "mailings.index", "send", "opens.view", 32))
