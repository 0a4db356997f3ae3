"""Deliveries as people see them: the ledger, dead letters, what can be done about them, the state of each target."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages, API and menu. Imported here, so that the verbs alone need no web."""
    from flask_babel import lazy_gettext as _l

    from app.accounts.browser_guard import register_api
    from app.core.menu import MenuItem, add_to_menu
    from app.core.runtime import runtime
    from app.deliveries import api, pages
    from app.deliveries.changes import pages as _changes  # noqa: F401 - hangs its views on the blueprint
    from app.deliveries.outbox import cli as outbox_cli
    from app.deliveries.outbox import pages as outbox_pages
    from app.deliveries.targets import api as target_api
    from app.deliveries.targets import pages as _targets  # noqa: F401
    from app.outbound.detail_words import detail_words
    from app.outbound.kinds import EXTENSION, Kinds

    app.extensions[EXTENSION] = Kinds(runtime(app))
    app.jinja_env.globals["detail_words"] = detail_words
    app.register_blueprint(pages.bp)
    app.register_blueprint(outbox_pages.bp)
    app.cli.add_command(outbox_cli.outbox)
    app.add_url_rule("/deliveries/dead", "dead_letters", pages.dead, methods=["GET"])
    register_api(app, api.bp, target_api.bp)
    add_to_menu(
        app,
        MenuItem("system", _l("Deliveries"), "deliveries.index", "send", "deliveries.view", 10, "d"),
        MenuItem("system", _l("Dead letters"), "dead_letters", "archive", "deliveries.view", 11),
        MenuItem("system", _l("Outbox"), "outbox.index", "inbox", "outbox.view", 12),
    )
