"""The figures of an account, as pages and API."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages, API and menu. Imported here, so that the models alone need no web."""
    from flask_babel import lazy_gettext as _l

    from app.accounts.browser_guard import register_api
    from app.core.menu import MenuItem, add_to_menu
    from app.pixels.panels import add_panel
    from app.reports import api, pages, panel

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
    add_panel(panel.match_quality)
    add_to_menu(
        app, MenuItem("overview", _l("Overview"), "reports.overview", "layout-dashboard", "overview.view", 1, "o")
    )
