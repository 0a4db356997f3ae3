"""How people come in and back in: registration, verification, forgotten passwords, a new address."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.accounts.browser_guard import register_api
    from app.accounts.joining import api, pages
    from app.accounts.joining.recovery import pages as recovery_pages

    app.register_blueprint(pages.bp)
    app.register_blueprint(recovery_pages.bp)
    register_api(app, api.bp)
