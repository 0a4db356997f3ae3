"""`logs/tracking_events_YYYY-MM-DD.log`: one JSON line for each event that a platform accepted (source 1 §8)."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.core.settings import Settings
from app.destinations.names import log_name
from app.destinations.values import number

log = logging.getLogger(__name__)
MAX_BYTES = 100 * 1024 * 1024
PREFIX = "tracking_events_"


@dataclass(frozen=True, slots=True)
class LogLine:
    """The source's seven fields; nothing personal, hashed or not."""

    at: datetime
    event_name: str
    pixel_id: str
    click_id: str | None
    value: Any
    content_id: str | None
    request_id: str


class LogFile:
    """Appends in one write each time, so that several processes share a file without tearing lines."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.logs_dir
        self._zone = ZoneInfo(settings.timezone)

    def append(self, lines: Sequence[LogLine]) -> None:
        """Never raises: the deliveries are settled, and a full disk must not stop them."""
        by_day: dict[date, list[str]] = {}
        stamps: dict[datetime, tuple[date, str]] = {}  # what is settled together has one time
        for line in lines:
            if line.at not in stamps:
                local = line.at.astimezone(self._zone)
                stamps[line.at] = local.date(), local.strftime("%Y-%m-%d %H:%M:%S")
            day, stamp = stamps[line.at]
            by_day.setdefault(day, []).append(_to_json(line, stamp))
        for day, texts in by_day.items():
            try:
                self._write(day, "".join(texts).encode())
            except OSError as error:
                log.warning("the event log could not be written: %s", error.strerror)

    def _write(self, day: date, data: bytes) -> None:
        self._folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        descriptor = os.open(self._path(day), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            os.write(descriptor, data)
        finally:
            os.close(descriptor)

    def _path(self, day: date) -> Path:
        """The day's file, or past the size limit its `-1`, `-2`, …"""
        number = 0
        while True:
            suffix = f"-{number}" if number else ""
            path = self._folder / f"{PREFIX}{day.isoformat()}{suffix}.log"
            if not path.exists() or path.stat().st_size < MAX_BYTES:
                return path
            number += 1


def _to_json(line: LogLine, stamp: str) -> str:
    fields: dict[str, Any] = {
        "timestamp": stamp,
        "eventType": log_name(line.event_name),
        "pixelId": line.pixel_id,
        "clickId": line.click_id,
    }
    if line.value is not None:
        fields["value"] = number(line.value)
    if line.content_id is not None:
        fields["contentId"] = line.content_id
    fields["request_id"] = line.request_id
    return _encode(fields) + "\n"


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def remove_old(settings: Settings, today: date) -> list[Path]:
    """Deletes the files older than the retention; returns them."""
    oldest = (today - timedelta(days=settings.retention_days)).isoformat()
    removed = []
    for path in sorted(settings.logs_dir.glob(f"{PREFIX}*.log")):
        if path.name.removeprefix(PREFIX)[:10] < oldest:
            path.unlink(missing_ok=True)
            removed.append(path)
    return removed
