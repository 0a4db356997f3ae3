"""Conversion events as the engine's deliveries: what is loaded for a call, and the log line after one succeeded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from app.core.direct import Direct
from app.core.exchange import Verdict
from app.core.runtime import Runtime
from app.core.vault import VaultError
from app.destinations import registry
from app.destinations.base import Event, PixelKey
from app.outbound.kinds import Kind, Leased, Owed, Party, Settled, Subject
from app.outbound.policy import PLATFORM
from app.outbound.results import Result, Written
from app.pixels.models import TOKEN_PLACE, Pixel
from app.tracking import news
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
        return {row[0]: Event(*row) for row in _events_of(connection, rows, _EVENTS)}

    def subjects(self, connection: Connection, account_id: UUID, rows: Sequence[Owed]) -> Mapping[UUID, Subject]:
        found = _events_of(connection, rows, _NAMES)
        return {id_: Subject(name, "events.show", {"id": _request_id(id_)}) for id_, name in found}

    def book(self, connection: Connection, tried: Sequence[Result], written: Sequence[Written], at: datetime) -> None:
        news.tell(connection, written, at, lambda rows: _events_of(connection, rows, _NEWS))

    def settled(self, results: Sequence[Settled]) -> None:
        lines = [_line(each) for each in results if each.outcome.verdict is Verdict.SENT]
        if lines:
            self._log_file.append(lines)


def _events_of(connection: Connection, rows: Iterable[Leased | Owed], wanted: Direct) -> Iterator[tuple[Any, ...]]:
    """The events of these deliveries. Asked for by account and time, which say where they are, and not by a join: for
    250 of 400,000 PostgreSQL read all of its partitions, 25 times as long. Others of one millisecond come along."""
    owed: defaultdict[UUID, dict[UUID, datetime]] = defaultdict(dict)
    for row in rows:
        owed[row.account_id][row.ref_id] = row.ref_at
    for account_id, times in owed.items():
        found = wanted(connection, {"account": account_id, "times": sorted(set(times.values()))})
        yield from (row for row in found if row[0] in times)


def _by_time(*columns: Any) -> Direct:
    """The id comes first."""
    own = TrackedEvent.account_id == bindparam("account")
    return Direct(select(*columns).where(own, TrackedEvent.created_at.in_(bindparam("times", expanding=True))))


_NAMES = _by_time(TrackedEvent.id, TrackedEvent.event_name)
_NEWS = _by_time(  # as `news` wants them
    TrackedEvent.id,
    TrackedEvent.event_id,
    TrackedEvent.platform,
    TrackedEvent.pixel_id,
    TrackedEvent.event_name,
    TrackedEvent.fields,
)
_EVENTS = _by_time(  # in the order of Event
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
