"""Judging a draft again inside the group commit, when a client or pixel changed since it was looked up."""

from __future__ import annotations

from sqlalchemy import Connection

from app.core import clock
from app.core.errors import AppError, Forbidden, Unauthorized
from app.tracking.draft import CameFrom, refuse_pixel
from app.tracking.lookup import KnownClient, KnownPixel, load_client, load_pixel

WRITE_SCOPE = "events:write"


def refuse_client(client: KnownClient | None, came_from: CameFrom) -> AppError | None:
    """Why this caller may not write events, or None."""
    if client is None or (client.valid_until is not None and client.valid_until <= clock.now()):
        return Unauthorized("Unauthorized")
    if WRITE_SCOPE not in client.scopes:
        return Forbidden(f"This token lacks the scope {WRITE_SCOPE}")
    return None if client.places is None else client.places.refusal(*came_from)


def recheck(
    connection: Connection, version: int, client: KnownClient, pixel: KnownPixel, came_from: CameFrom
) -> AppError | None:
    """The refusal that holds now, by what is committed at `version`, or None."""
    now_client, now_pixel = client, pixel
    if client.version != version:
        found = load_client(connection, client.token_hash)
        refusal = refuse_client(found, came_from)
        if refusal is not None or found is None:
            return refusal
        now_client = found
    if pixel.version != version:
        again = load_pixel(connection, client.account_id, pixel.platform, pixel.pixel_id)
        if again is None or again.id != pixel.id:  # deleted, or made anew meanwhile: the draft names the old one
            return refuse_pixel(now_client, None)
        now_pixel = again
    return refuse_pixel(now_client, now_pixel)
