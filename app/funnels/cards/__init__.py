"""Cards: the verbs on one deal, its history, and what is told of it."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages and API. Imported here, so that the models alone need no web."""
    from app.accounts.browser_guard import register_api
    from app.funnels.cards import api, on_contact, pages, telling
    from app.funnels.cards.quick import pages as _quick  # noqa: F401 - on the same blueprint

    telling.init_app()
    on_contact.init_app()
    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
