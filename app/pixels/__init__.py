"""Pixels: the accounts at the destinations, with their tokens."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages, API and menu. Imported here, so that the models alone need no web."""
    from flask_babel import lazy_gettext as _l

    from app.accounts.browser_guard import register_api
    from app.accounts.clients.pixel_choices import list_pixels_with
    from app.core.menu import MenuItem, add_to_menu
    from app.pixels import api, failing, pages, service, watch
    from app.pixels import operating_pages as _operating  # noqa: F401  # these two add their views to pages.bp
    from app.pixels import trial_pages as _trial  # noqa: F401

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
    list_pixels_with(service.choices)
    add_to_menu(app, MenuItem("tracking", _l("Pixels"), "pixels.index", "affiliate", "pixels.view", 20, "p"))
    watch.watch()
    failing.watch()
