"""The board: columns of cards that people drag."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages and API. Imported here, so that the models alone need no web."""
    from app.funnels.board import pages

    app.register_blueprint(pages.bp)
