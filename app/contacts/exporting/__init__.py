"""Contacts taken along as CSV or XLSX: exactly the filtered set."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.accounts.browser_guard import register_api
    from app.contacts.exporting import api, pages

    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
