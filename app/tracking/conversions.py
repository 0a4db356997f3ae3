"""Conversion events as the engine's deliveries: what is loaded for a call, and the log line after one succeeded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, bindparam, select

from app.core.db import by_account
from app.core.exchange import Verdict
from app.core.runtime import Runtime
from app.core.vault import VaultError
from app.destinations import registry
from app.destinations.base import Event, PixelKey
from app.outbound.kinds import Kind, Leased, Owed, Party, Settled, Subject
from app.outbound.models import Delivery
from app.outbound.policy import PLATFORM
from app.pixels.models import TOKEN_PLACE, Pixel
from app.tracking.log_file import LogFile, LogLine
from app.tracking.models import TrackedEvent


class Conversions(Kind):
    """Events to the advertising platforms, by the adapter of each pixel's platform."""

    key = "conversion"
    policy = PLATFORM

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._log_file = LogFile(runtime.settings)

    @property
    def timeout_s(self) -> float:
        return self.runtime.settings.outbound_timeout

    def parties(self, connection: Connection, target_ids: Sequence[UUID]) -> Mapping[UUID, Party]:
        found = {}
        columns = (Pixel.id, Pixel.platform, Pixel.pixel_id, Pixel.sealed_token, Pixel.settings)
        for id_, platform, pixel_id, sealed, settings in connection.execute(
            select(*columns).where(Pixel.id.in_(target_ids))
        ):
            try:
                token = self.runtime.vault.open(TOKEN_PLACE, id_, sealed)
            except VaultError:
                token = ""  # the platform refuses it, which pauses the pixel and says so where people look
            adapter = registry.get(platform, self.runtime.settings)
            found[id_] = Party(adapter, PixelKey(pixel_id, token, settings or {}), token)
        return found

    def items(self, connection: Connection, rows: Sequence[Leased]) -> Mapping[UUID, Event]:
        found = {}
        for account_id, ids in by_account((row.account_id, row.id) for row in rows).items():
            for row in connection.execute(_EVENTS, {"account": account_id, "ids": ids}):
                found[row.id] = Event(
                    id=row.id,
                    event_id=row.event_id,
                    name=row.event_name,
                    occurred_at=row.event_time,
                    click_id=row.click_id,
                    identity=row.identity,
                    fields=row.fields,
                )
        return found

    def subjects(self, connection: Connection, account_id: UUID, rows: Sequence[Owed]) -> Mapping[UUID, Subject]:
        found = connection.execute(_NAMES, {"account": account_id, "ids": [row.id for row in rows]})
        return {id_: Subject(name, "events.show", {"id": _request_id(id_)}) for id_, name in found}

    def settled(self, results: Sequence[Settled]) -> None:
        lines = [_line(each) for each in results if each.outcome.verdict is Verdict.SENT]
        if lines:
            self._log_file.append(lines)


def _of_deliveries(*columns: Any) -> Select[Any]:
    """Through the delivery, so that the whole key is known and one partition is read."""
    same = (
        (TrackedEvent.account_id == Delivery.account_id)
        & (TrackedEvent.created_at == Delivery.ref_at)
        & (TrackedEvent.id == Delivery.ref_id)
    )
    wanted = Delivery.account_id == bindparam("account"), Delivery.id.in_(bindparam("ids", expanding=True))
    return select(*columns).join(Delivery, same).where(*wanted)


_NAMES = _of_deliveries(TrackedEvent.id, TrackedEvent.event_name)
_EVENTS = _of_deliveries(
    TrackedEvent.id,
    TrackedEvent.event_id,
    TrackedEvent.event_name,
    TrackedEvent.event_time,
    TrackedEvent.click_id,
    TrackedEvent.identity,
    TrackedEvent.fields,
)


def _line(settled: Settled) -> LogLine:
    event: Event = settled.item
    fields: Mapping[str, Any] = event.fields
    at: datetime = settled.at
    return LogLine(
        at=at,
        event_name=event.name,
        pixel_id=str(fields.get("pixel_id", "")),
        click_id=event.click_id or fields.get("fbclid"),
        value=fields.get("value"),
        content_id=fields.get("content_id"),
        request_id=_request_id(event.id),
    )


def _request_id(id: UUID) -> str:
    return f"track_{id.hex}"
