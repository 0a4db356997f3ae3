"""A believable month to look around in: `make demo`."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """The page behind the link that the demo prints. Only where KALITRACK_DEMO is set."""
    from app.demo import pages

    app.register_blueprint(pages.bp)
