"""E-mail images: who opened what."""

from __future__ import annotations

from flask import Flask

from app.core.frontdoor import FrontDoor

REPLAYER = "kalitrack.open_replayer"


def init_app(app: Flask, door: FrontDoor) -> None:
    """The route of images at the front door; pages, API, menu, commands and checks."""
    _answer_loads(app, door)
    _show(app)


def _answer_loads(app: Flask, door: FrontDoor) -> None:
    from app.core import config_version
    from app.core.runtime import runtime
    from app.opens.recording import lost
    from app.opens.recording.library import Library
    from app.opens.recording.public import ImageRoute
    from app.opens.recording.replay import Replayer
    from app.opens.recording.spool import Spool

    state = runtime(app)
    library = Library(state.engine, state.vault)
    spool = Spool(state.settings.data_dir)
    replayer = app.extensions[REPLAYER] = Replayer(spool, state.engine, library)
    ImageRoute(library, spool, replayer).register(door)
    config_version.on_bump.append(library.clear)
    lost.watch()


def _show(app: Flask) -> None:
    from app.core import privacy as desk
    from app.opens import catalogue, dashboard, images, log, mailings, pages, privacy, rules, stats
    from app.opens.dashboard import pages as _dashboard  # noqa: F401 - its views are on the shared blueprint now

    for part in (dashboard, images, log, mailings, rules, stats):
        part.init_app(app)
    app.register_blueprint(pages.bp)
    catalogue.declare_events()
    desk.register(privacy.OpenHolder())
