"""Proving once more who one is, before what is sensitive: /confirm."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.accounts.browser_guard import register_api
    from app.accounts.confirming import api, pages

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
