"""Contacts: the people a team writes to, found, grouped, imported and respected."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Every part registers its own pages, API, menu entries and commands."""
    from app.contacts import catalogue, models
    from app.contacts.consent import models as _consent  # noqa: F401 - their tables
    from app.contacts.fields import models as _fields  # noqa: F401
    from app.contacts.importing import models as _importing  # noqa: F401
    from app.contacts.privacy import models as _privacy  # noqa: F401
    from app.contacts.segments import models as _segments  # noqa: F401

    assert models
    catalogue.declare_events()
    _consents_and_merging(app)
    _pages_of_contacts(app)
    _api_of_contacts(app)
    _imports(app)
    _privacy_desk(app)
    _groups(app)


def _groups(app: Flask) -> None:
    from app.contacts import categories, fields, segments, tags

    segments.init_app(app)
    categories.init_app(app)
    tags.init_app(app)
    fields.init_app(app)


def _pages_of_contacts(app: Flask) -> None:
    from flask_babel import lazy_gettext as _l

    from app.contacts import pages, words
    from app.contacts.detail import pages as _detail  # noqa: F401 - on the same blueprint
    from app.core.menu import MenuItem, add_to_menu

    words.init_app(app)
    app.register_blueprint(pages.bp)
    parts = ("contact_bulk", "contact_consents")
    add_to_menu(app, MenuItem("contacts", _l("Contacts"), "contacts.index", "users", "contacts.view", 10, also=parts))


def _imports(app: Flask) -> None:
    from app.contacts import importing

    importing.init_app(app)


def _api_of_contacts(app: Flask) -> None:
    from app.accounts.browser_guard import register_api
    from app.contacts import api, bulk, exporting

    register_api(app, api.bp)
    bulk.init_app(app)
    exporting.init_app(app)


def _consents_and_merging(app: Flask) -> None:
    from app.contacts import consent, merging

    consent.init_app(app)
    merging.init_app(app)


def _privacy_desk(app: Flask) -> None:
    from app.contacts import privacy

    privacy.init_app(app)
