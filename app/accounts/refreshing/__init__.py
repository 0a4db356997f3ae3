"""Refresh tokens: a program's next access token, each for one use."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.accounts.browser_guard import register_api
    from app.accounts.refreshing import api

    register_api(app, api.bp)
