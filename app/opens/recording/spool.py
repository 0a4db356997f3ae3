"""Opens that the database could not take: a file of fixed size, allocated ahead, fsynced before the image goes out."""

from __future__ import annotations

import fcntl
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

SIZE = 16 * 1024 * 1024
NAME = "opens.spool"
_MAGIC = b"KTSPOOL1"
_HEAD = struct.Struct("<8sQQQ")  # magic, where the first record begins, where the last one ends, how many were lost
_RECORD = struct.Struct("<II")  # length, CRC-32
_START = 64
MAX_RECORD = 64 * 1024
_sync = getattr(os, "fdatasync", os.fsync)  # macOS has neither this nor an allocation by a call


class Part(NamedTuple):
    """Records in order, and where they end. `lost`: loads that found no room since somebody asked."""

    records: list[bytes]
    end: int
    lost: int
    is_empty: bool = False  # nothing to take out


class Spool:
    """One file for all processes of a machine. Allocated when made, so that a full disk does not take it away."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._lock = threading.Lock()  # flock tells processes apart, not threads

    def prepare(self) -> None:
        """Makes the file, if it is not there. Raises OSError when the disk has no room for it."""
        with self._held():
            pass

    def append(self, record: bytes) -> bool:
        """True when the record is on disk; False when there is no room. Raises OSError for a disk that fails."""
        with self._held() as (fd, start, end, lost):
            if len(record) > MAX_RECORD or end + _RECORD.size + len(record) > SIZE:
                _write_head(fd, start, end, lost + 1)
                _sync(fd)
                return False
            os.pwrite(fd, _RECORD.pack(len(record), zlib.crc32(record)) + record, end)
            _write_head(fd, start, end + _RECORD.size + len(record), lost)
            _sync(fd)
            return True

    def is_empty(self) -> bool:
        """Without the lock: a look at one sector."""
        try:
            with self.path.open("rb") as file:
                head = file.read(_HEAD.size)
        except FileNotFoundError:
            return True
        if len(head) < _HEAD.size:
            return True
        _magic, start, end, lost = _HEAD.unpack(head)
        return bool(start == end and lost == 0)

    def read(self, limit: int) -> Part:
        """The first records that were not taken out. One torn by a power cut is left out: it was never answered for."""
        with self._held() as (fd, start, end, lost):
            at = start
            records: list[bytes] = []
            while len(records) < limit and at < end:
                length, crc = _RECORD.unpack(os.pread(fd, _RECORD.size, at).ljust(_RECORD.size, b"\0"))
                stop = at + _RECORD.size + length
                if stop > end:  # what its length was nobody can tell
                    at = end
                    break
                record = os.pread(fd, length, at + _RECORD.size)
                if zlib.crc32(record) == crc:
                    records.append(record)
                at = stop
            return Part(records, at, lost, is_empty=start == end and not lost)

    def take_out(self, part: Part) -> None:
        """What was read is in the database. An empty spool begins anew."""
        with self._held() as (fd, _start, end, lost):
            start = part.end
            if start >= end:
                start = end = _START
            _write_head(fd, start, end, lost - part.lost)
            _sync(fd)

    @contextmanager
    def _held(self) -> Iterator[tuple[int, int, int, int]]:
        with self._lock:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                yield (fd, *_head(fd))
            finally:
                os.close(fd)


def _head(fd: int) -> tuple[int, int, int]:
    head = os.pread(fd, _HEAD.size, 0)
    if len(head) == _HEAD.size:
        magic, start, end, lost = _HEAD.unpack(head)
        if magic == _MAGIC and _START <= start <= end <= SIZE:
            return start, end, lost
    _allocate(fd)
    _write_head(fd, _START, _START, 0)
    os.fsync(fd)
    return _START, _START, 0


def _allocate(fd: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, SIZE)
    else:
        os.pwrite(fd, bytes(SIZE), 0)


def _write_head(fd: int, start: int, end: int, lost: int) -> None:
    os.pwrite(fd, _HEAD.pack(_MAGIC, start, end, lost), 0)
