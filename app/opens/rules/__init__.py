"""Who loaded an image: rules as data, user agents, addresses."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages, API, menu and the command. Imported here, so that the rules alone need no web."""
    from flask_babel import lazy_gettext as _l

    from app.accounts.browser_guard import register_api
    from app.core.menu import MenuItem, add_to_menu
    from app.opens.rules import api, cli, pages

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
    cli.register(app)
    add_to_menu(app, MenuItem("tracking", _l("Rules for opens"), "open_rules.index", "filter", "opens.view", 33))
