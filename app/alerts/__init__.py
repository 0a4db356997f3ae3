"""Alerts: what needs a person also goes to their e-mail and to other systems, by rules of the account."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Page, API, menu and the events that other systems may be told of."""
    from flask_babel import lazy_gettext as _l

    from app.accounts.browser_guard import register_api
    from app.alerts import api, news, pages, service
    from app.core import events
    from app.core.menu import MenuItem, add_to_menu

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
    news.declare_events()
    events.subscribe("account.discarded", service.discard)
    add_to_menu(app, MenuItem("system", _l("Alerts"), "alerts.index", "alarm", "alerts.view", 15))
