"""Outgoing webhooks: other systems learn what happened, signed, and are told until they took it."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages, API and menu; hears every event."""
    from flask_babel import lazy_gettext as _l

    from app.accounts.browser_guard import register_api
    from app.core.menu import MenuItem, add_to_menu
    from app.core.runtime import runtime
    from app.webhooks import api, fanout, pages, planned, watch
    from app.webhooks import editing_pages as _editing  # noqa: F401 - these add their views to pages.bp
    from app.webhooks import operating_pages as _operating  # noqa: F401
    from app.webhooks import secret_pages as _secrets  # noqa: F401
    from app.webhooks import standing_pages as _standing  # noqa: F401
    from app.webhooks import trial_pages as _trial  # noqa: F401
    from app.webhooks.catalogue import api as _catalogue_api  # noqa: F401 - adds its endpoint to api.bp
    from app.webhooks.catalogue import pages as _catalogue  # noqa: F401
    from app.webhooks.hub import intake as hub

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
    fanout.subscribe()
    hub.subscribe(runtime(app))
    planned.declare_events()
    watch.watch()
    add_to_menu(app, MenuItem("automation", _l("Webhooks"), "webhooks.index", "webhook", "webhooks.view", 10, "w"))
