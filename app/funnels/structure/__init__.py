"""Funnels and their stages: made, changed, put in order, deleted."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages and API. Imported here, so that the models alone need no web."""
    from app.accounts.browser_guard import register_api
    from app.funnels.structure import api, pages, stages

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
    stages.init_app(app)
