"""E-mail images: who opened what."""

from __future__ import annotations

from flask import Flask

from app.core.frontdoor import FrontDoor

REPLAYER = "kalitrack.open_replayer"


def init_app(app: Flask, door: FrontDoor) -> None:
    """The route of images at the front door; pages, API and menu."""
    from app.core import config_version
    from app.core.runtime import runtime
    from app.opens import lost
    from app.opens.library import Library
    from app.opens.public import ImageRoute
    from app.opens.replay import Replayer
    from app.opens.spool import Spool

    state = runtime(app)
    library = Library(state.engine, state.vault)
    spool = Spool(state.settings.data_dir)
    replayer = app.extensions[REPLAYER] = Replayer(spool, state.engine, library)
    ImageRoute(state.writer, library, spool, replayer).register(door)
    config_version.on_bump.append(library.clear)
    lost.watch()
