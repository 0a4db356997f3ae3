"""The figures of opens for programs: /api/stats and /api/views."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.accounts import browser_guard
    from app.opens.stats import api

    app.url_map.converters["anytext"] = api.AnyText
    for resource in (api.stats_bp, api.views_bp):
        browser_guard.csrf.exempt(resource)  # bearer tokens only
        app.register_blueprint(resource)
