"""The client-credentials grant: a client's token exchanged for one that is good for an hour (RFC 6749, 4.4)."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.accounts.browser_guard import register_api
    from app.accounts.clients.granting import api

    register_api(app, api.bp)  # the credentials are in the request itself
    api.describe()
