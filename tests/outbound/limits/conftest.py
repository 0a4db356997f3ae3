"""Everything here is about a Kwai pixel (one event a call) with limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.db import begin_write
from app.outbound.limits import service
from app.outbound.limits.models import TargetWindow
from app.outbound.limits.windows import LENGTHS, Rates
from tests.outbound.ledger import Ledger

Limited = Callable[..., UUID]
Used = Callable[[UUID], dict[int, int]]


@pytest.fixture
def limit(ledger: Ledger) -> Callable[..., None]:
    """`limit(pixel, per_minute=60)`: sets all its limits anew."""

    def set_them(pixel: UUID, **rates: int | None) -> None:
        with begin_write(ledger.engine) as connection:
            service.set_limits(connection, pixel, Rates(**rates))

    return set_them


@pytest.fixture
def limited(make_pixel: Callable[..., UUID], limit: Callable[..., None]) -> Limited:
    """`limited(per_minute=3)`: a new pixel."""

    def make(platform: str = "kwai", pixel_id: str | None = None, **rates: int) -> UUID:
        pixel = make_pixel(platform, pixel_id)
        limit(pixel, **rates)
        return pixel

    return make


@pytest.fixture
def used(ledger: Ledger) -> Used:
    """`used(pixel)`: what its windows have counted, by their length."""

    def read(pixel: UUID) -> dict[int, int]:
        columns = select(TargetWindow.seconds, TargetWindow.used).where(TargetWindow.target_id == pixel)
        with ledger.engine.connect() as connection:
            return {row.seconds: row.used for row in connection.execute(columns)}

    return read


@pytest.fixture
def turn_back(ledger: Ledger) -> Callable[..., None]:
    """`turn_back(pixel, "minute", started_at=…)`: writes into one of its windows."""

    def change(pixel: UUID, window: str, **values: Any) -> None:
        with begin_write(ledger.engine) as connection:
            which = (TargetWindow.target_id == pixel) & (TargetWindow.seconds == LENGTHS[window])
            connection.execute(TargetWindow.__table__.update().where(which).values(**values))  # type: ignore[attr-defined]

    return change
