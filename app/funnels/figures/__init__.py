"""Figures of a funnel: conversion, time, value, won and lost, forecast; and its cards as a file."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages and API. Imported here, so that the models alone need no web."""
    from app.accounts.browser_guard import register_api
    from app.funnels.figures import api, pages
    from app.funnels.figures.exporting import pages as export_pages

    assert export_pages  # its routes are of pages.bp
    app.register_blueprint(pages.bp)
    register_api(app, api.bp)
