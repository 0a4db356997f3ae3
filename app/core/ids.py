"""UUIDv7 (RFC 9562): ids that carry their creation time to the millisecond and sort by it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from random import getrandbits  # an id is no secret, and asking the system lets another thread in each time
from uuid import UUID, SafeUUID

from app.core import clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
FOLLOWED_STEP_MS = 1_000
_lock = threading.Lock()
_set = object.__setattr__
_UNKNOWN = SafeUUID.unknown
_last = (0, 0)  # the newest (millisecond, counter) given out, so that ids of one process never go backwards


def uuid7() -> UUID:
    """A new id, later than every other of this process even when the wall clock steps back a little. A clock that was
    far ahead and is set right is followed: its ids would date rows, and what is due, into the future for as long."""
    global _last
    now_ms = (clock.now() - _EPOCH) // _MILLISECOND
    with _lock:
        last_ms, counter = _last
        follows = now_ms > last_ms or last_ms - now_ms > FOLLOWED_STEP_MS
        _last = (now_ms, 0) if follows else (last_ms, counter + 1)
        if _last[1] > 0xFFF:
            _last = (last_ms + 1, 0)
        ms, counter = _last
    return _uuid((ms << 80) | (0x7 << 76) | (counter << 64) | (0b10 << 62) | getrandbits(62))


def _uuid(number: int) -> UUID:
    """Without the checks of UUID's own making, which cost more than all else of an id."""
    id_ = UUID.__new__(UUID)
    _set(id_, "int", number)
    _set(id_, "is_safe", _UNKNOWN)
    return id_


def uuid7_at(moment: datetime, random: int) -> UUID:
    """An id of another moment, for made-up history: `random` gives its last 74 bits."""
    ms = (moment - _EPOCH) // _MILLISECOND
    return UUID(
        int=(ms << 80) | (0x7 << 76) | ((random >> 62 & 0xFFF) << 64) | (0b10 << 62) | random & 0x3FFF_FFFF_FFFF_FFFF
    )


def created_at(id_: UUID) -> datetime:
    """The time in a UUIDv7: what rows of that id carry as `created_at`, so that it can be found from the id alone."""
    return _EPOCH + timedelta(milliseconds=id_.int >> 80)


def to_uuid(text: object) -> UUID | None:
    """A UUID from its text, or None for anything else: odd ids are simply absent."""
    if not isinstance(text, str) or len(text) > 40:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None


def to_uuid7(text: object) -> UUID | None:
    """One of our own ids from its text: a UUIDv7 whose time can be told. None for anything else."""
    found = to_uuid(text)
    if found is None or found.version != 7:
        return None
    try:
        created_at(found)
    except OverflowError:  # made up, from after the year 9999
        return None
    return found
