"""The board: columns of cards that people drag."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Pages and API. Imported here, so that the models alone need no web."""
    from app.funnels.board import pages
    from app.funnels.board.live import pages as live_pages

    assert live_pages  # its views are of the same blueprint
    app.register_blueprint(pages.bp)
