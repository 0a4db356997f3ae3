"""The privacy desk: what is held about a person, and what becomes of it on request."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from flask_babel import lazy_gettext as _l

    from app.accounts.browser_guard import register_api
    from app.contacts.privacy import api, coming_back, files, holding, pages, watch
    from app.core import privacy
    from app.core.menu import MenuItem, add_to_menu

    for holder in (holding.ContactHolder(), files.ImportHolder(), files.FileHolder()):
        privacy.register(holder)
    app.register_blueprint(coming_back.bp)
    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
    back = ("privacy_return",)
    add_to_menu(
        app, MenuItem("contacts", _l("Privacy"), "privacy.index", "shield-lock", "privacy.handle", 80, also=back)
    )
    watch.watch()
