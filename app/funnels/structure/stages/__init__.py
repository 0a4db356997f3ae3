"""The stages of a funnel: added, changed, put in order, deleted."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages and API."""
    from app.accounts.browser_guard import register_api
    from app.funnels.structure.stages import api, pages

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
