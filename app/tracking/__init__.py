"""Conversion events: intake, log, status."""

from __future__ import annotations

from flask import Flask

from app.core.frontdoor import FrontDoor

ROOM = "kalitrack.waiting_room"


def init_app(app: Flask, door: FrontDoor) -> None:
    """Intake at the front door, the status API and the event pages."""
    from functools import partial

    from app.accounts.clients import denials
    from app.core import config_version, queue, stopping
    from app.core import privacy as desk
    from app.core.ratelimit import limiter
    from app.core.runtime import runtime
    from app.core.valkey import redis_url
    from app.outbound.waiting import WaitingRoom
    from app.tracking import api, catalogue, documentation, drop, pages, privacy
    from app.tracking.intake import Intake
    from app.tracking.lookup import Lookups
    from app.tracking.rates import Rates

    state = runtime(app)
    lookups = Lookups(state.engine)
    room = WaitingRoom(redis_url(state.settings), state.engine, lookups.clear)
    rates, note_denial = Rates(limiter(app), lookups), partial(denials.note, state.engine, limiter(app))
    Intake(state.settings, lookups, state.writer, room, rates, door.seats, note_denial).register(door)
    config_version.on_bump.extend((lookups.clear, queue.tell_config))
    app.extensions[ROOM] = room
    stopping.on_stop(room.stop)
    pages.init_app(app)
    app.register_blueprint(api.bp)
    documentation.describe()
    drop.watch()
    catalogue.declare_events()
    desk.register(privacy.EventHolder())
