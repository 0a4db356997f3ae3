"""Many contacts put into a funnel at once."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages and API. Imported here, so that the models alone need no web."""
    from app.accounts.browser_guard import register_api
    from app.funnels.adding import api, pages

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
