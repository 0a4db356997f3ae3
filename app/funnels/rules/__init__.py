"""Rules: what happens to cards by itself."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages, API and what rules listen to. Imported here, so that the models alone need no web."""
    from app.accounts.browser_guard import register_api
    from app.funnels.rules import api, merged, pages, running

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
    running.subscribe()
    merged.subscribe()
