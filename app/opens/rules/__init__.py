"""Who loaded an image: rules as data, user agents, addresses."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages, API, menu and the command. Imported here, so that the rules alone need no web."""
    from flask_babel import lazy_gettext as _l

    from app.accounts import browser_guard
    from app.core.menu import MenuItem, add_to_menu
    from app.opens.rules import api, cli, pages

    app.register_blueprint(pages.bp)
    app.register_blueprint(api.bp)
    browser_guard.csrf.exempt(api.bp)  # bearer tokens only
    cli.register(app)
    add_to_menu(app, MenuItem("tracking", _l("Rules for opens"), "open_rules.index", "filter", "opens.view", 33))
