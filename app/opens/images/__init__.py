"""The images of an account: what e-mails carry, how they are kept and served."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages, API, menu and checks. Imported here, so that the models alone need no web."""
    from flask_babel import lazy_gettext as _l

    from app.accounts.browser_guard import register_api
    from app.core import bodies
    from app.core.menu import MenuItem, add_to_menu
    from app.opens.images import api, pages, watch
    from app.opens.images import edit_pages as _edit  # noqa: F401  # adds its views to pages.bp
    from app.opens.images.picture import MAX_BYTES

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
    bodies.take_larger(r"/images(/[^/]+/content)?|/api(/v1)?/images(/[^/]+/content)?", MAX_BYTES + bodies.FORM_SLACK)
    add_to_menu(app, MenuItem("tracking", _l("E-mail images"), "images.index", "photo", "opens.view", 30, "i"))
    watch.watch()
