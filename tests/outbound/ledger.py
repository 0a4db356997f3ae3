"""What is owed, put into the database directly, and what became of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import func, insert, select, update

from app.core import clock
from app.core.db import begin_write
from app.core.ids import created_at, uuid7
from app.core.runtime import runtime
from app.outbound.models import Attempt, Delivery, Status, Target
from app.outbound.tally import Shift, Stand, shift
from app.pixels.models import Pixel
from app.tracking.models import TrackedEvent


class Ledger:
    def __init__(self, app: Flask) -> None:
        self.engine = runtime(app).engine

    def owe(self, pixel: UUID, count: int = 1, *, event: dict[str, Any] | None = None, **delivery: Any) -> list[UUID]:
        """Events of a pixel with their deliveries, due now; gives the ids that both have."""
        with self.engine.connect() as connection:
            row = connection.execute(select(Pixel.account_id, Pixel.platform, Pixel.pixel_id).filter_by(id=pixel)).one()
        ids = [uuid7() for _ in range(count)]
        shared = {"account_id": row.account_id, "target_id": pixel}
        with begin_write(self.engine) as connection:
            connection.execute(insert(TrackedEvent), [
                {**shared, "id": id, "created_at": created_at(id), "client_id": row.account_id,
                 "platform": row.platform, "pixel_id": row.pixel_id, "event_name": "EVENT_PURCHASE",
                 "event_id": id.hex, "event_time": clock.now(), "click_id": f"click-{id.hex}",
                 "identity": {"external_id": ["x"]}, "fields": {"value": "5.00", "currency": "BRL"}, **(event or {})}
                for id in ids
            ])  # fmt: skip
            connection.execute(insert(Delivery), [
                {**shared, "id": id, "kind": "conversion", "ref_id": id, "ref_at": created_at(id), "generation": 0,
                 "status": Status.PENDING, "attempts": 0, "next_at": created_at(id), "created_at": created_at(id),
                 "expires_at": clock.now() + timedelta(days=7), **delivery}
                for id in ids
            ])  # fmt: skip
            stand = Stand(delivery.get("status", Status.PENDING), delivery.get("error"), delivery.get("done_at"))
            shift(connection, [Shift(row.account_id, pixel, created_at(id), None, stand) for id in ids])
        return ids

    def change(self, model: Any, id: UUID, **values: Any) -> None:
        with begin_write(self.engine) as connection:
            connection.execute(update(model).where(model.id == id).values(**values))

    def deliveries(self, *ids: UUID) -> list[Any]:
        """All of them, or those with these ids in this order."""
        wanted = select(Delivery.__table__).order_by(Delivery.id)
        with self.engine.connect() as connection:
            rows = connection.execute(wanted.where(Delivery.id.in_(ids)) if ids else wanted).all()
        by_id = {row.id: row for row in rows}
        return [by_id[id] for id in ids] if ids else list(rows)

    def delivery(self, id: UUID) -> Any:
        return self.deliveries(id)[0]

    def statuses(self) -> dict[str, int]:
        with self.engine.connect() as connection:
            counted = select(Delivery.status, func.count()).group_by(Delivery.status)
            return dict(connection.execute(counted).all())

    def attempts(self, id: UUID | None = None) -> list[Any]:
        with self.engine.connect() as connection:
            rows = connection.execute(select(Attempt.__table__).order_by(Attempt.created_at, Attempt.id)).all()
        return [row for row in rows if id in (None, row.delivery_id)]

    def target(self, id: UUID) -> Any:
        with self.engine.connect() as connection:
            return connection.execute(select(Target.__table__).where(Target.id == id)).one()

    def hurry(self, *ids: UUID) -> None:
        """Makes what waits for a later try due now, and its target free, without touching the clock."""
        with begin_write(self.engine) as connection:
            open_ones = Delivery.status == Status.PENDING
            connection.execute(update(Delivery).where(open_ones).values(next_at=clock.now()))
            connection.execute(update(Target).values(not_before=None))

    def until(self, moment: datetime | None) -> float:
        """Seconds from now."""
        assert moment is not None
        return (moment - clock.now()).total_seconds()
