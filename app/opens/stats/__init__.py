"""The figures of opens for programs: /api/stats and /api/views."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.accounts.browser_guard import register_api
    from app.opens.stats import api

    app.url_map.converters["anytext"] = api.AnyText
    register_api(app, api.stats_bp, api.views_bp)
