"""How the deliveries of pixels are doing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from app.deliveries import health
from app.deliveries.health import Health, Watched
from app.pixels.models import Pixel


def of_pixels(connection: Connection, account_id: UUID, pixels: Sequence[Pixel], at: datetime) -> dict[UUID, Health]:
    """For a page of a list; without `days`."""
    return health.of_many(connection, account_id, [watched(pixel) for pixel in pixels], at)


def of_pixel(connection: Connection, pixel: Pixel, at: datetime) -> Health:
    return health.of_one(connection, pixel.account_id, watched(pixel), at)


def watched(pixel: Pixel) -> Watched:
    return Watched(pixel.id, pixel.target, pixel.active)
