"""Loads that leave no open, or asked for a file that is not there: counted by the hour, by reason and file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from app.core import clock
from app.core.rollup import Rollup, hour_of
from app.opens.models import NO_IMAGE, OpenMissHour
from app.opens.recording.judge import BUILT_IN_FILES, Load

MAX_UNKNOWN = 500  # names of unknown files that one process tells apart in a day
DAY_S = 86_400.0
_add = Rollup(OpenMissHour)


class Files:
    """The names of unknown files, which anybody may make up: so many are told apart, the rest is one."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._day_ends = 0.0

    def name(self, load: Load) -> str:
        file = load.hit.file
        if load.image_id != NO_IMAGE or file in BUILT_IN_FILES or file in self._names:
            return file
        now = clock.monotonic()
        if now >= self._day_ends:
            self._day_ends = now + DAY_S
            self._names.clear()
        if len(self._names) >= MAX_UNKNOWN:
            return ""
        self._names.add(file)
        return file


def count(connection: Connection, loads: Iterable[Load], files: Files) -> None:
    found: Counter[tuple[UUID, datetime, str, str]] = Counter()
    for load in loads:
        for reason in load.misses:
            found[load.account.id, hour_of(load.at), reason.value, files.name(load)] += 1
    _add(connection, {key: (number,) for key, number in found.items()})


def count_unrecorded(connection: Connection, account_id: UUID, number: int, reason: str) -> None:
    """Loads of which nothing else is known."""
    _add(connection, {(account_id, hour_of(clock.now()), reason, ""): (number,)})
