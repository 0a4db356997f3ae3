"""Cards: the verbs on one deal, its history, and what is told of it."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages and API. Imported here, so that the models alone need no web."""
    from app.funnels.cards import pages

    app.register_blueprint(pages.bp)
