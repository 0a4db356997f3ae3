"""Contacts from a CSV or XLSX file, in four steps, and back out again."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages, API and menu. Imported here, so that the models alone need no web."""
    from flask_babel import lazy_gettext as _l

    from app.accounts.browser_guard import register_api
    from app.contacts.importing import api, keeping, pages
    from app.contacts.importing import outcome as _outcome  # noqa: F401 - on the same blueprint
    from app.core.bodies import FORM_SLACK, take_larger
    from app.core.menu import MenuItem, add_to_menu

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
    take_larger("/contacts/import|/api(?:/v1)?/contacts/import", keeping.MAX_BYTES + FORM_SLACK)
    add_to_menu(app, MenuItem("contacts", _l("Imports"), "contact_imports.index", "upload", "contacts.import", 50))
