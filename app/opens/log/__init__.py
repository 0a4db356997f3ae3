"""The opens themselves, one by one: the log with its filters and exports, and the timeline of one id."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Adds the pages to the blueprint that opens share, which is registered afterwards, and the command that counts
    the figures anew."""
    from app.opens import rebuild_cli
    from app.opens.log import pages  # noqa: F401 - its views are on the blueprint now

    rebuild_cli.register(app)
