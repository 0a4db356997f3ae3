"""Who may be written to, by which channel, and how that is known."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.accounts.browser_guard import csrf, register_api
    from app.contacts.consent import api, pages
    from app.contacts.consent.preferences import pages as preferences

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
    app.register_blueprint(preferences.bp)
    csrf.exempt(preferences.bp)  # no session stands behind it: its form carries a token of its own
