"""Where somebody is signed in, seen and ended by themselves."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.accounts.browser_guard import register_api
    from app.accounts.signed_in import api, pages

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
