"""Bodies as they arrive: within a deadline, and larger ones within a bound on all that have come so far."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import IO, Any

from app.core.bodies import FILE_KEY, IN_MEMORY, new_file
from app.core.errors import AppError, Malformed, Unavailable
from app.serve.reception.environ import Environ

SMALL = 16 * 1024  # bytes: of so many nobody keeps count
ROOM = 64 * 1024 * 1024  # bytes of larger bodies that may have come and not be whole
ROOM_ON_DISK = 1024 * 1024 * 1024  # of those that go to files
PATIENCE_S = 30.0
SLOWEST = 50 * 1024  # bytes a second of a body that takes longer than that
FORM = "application/x-www-form-urlencoded"


class Unread:
    """In the place of a body that was not read: says why to who reads it."""

    def __init__(self, error: AppError) -> None:
        self._error = error

    def read(self, _size: int = -1) -> bytes:
        raise self._error


class Bodies:
    """What one process keeps count of. A body has `patience_s`, and what its size takes at SLOWEST."""

    def __init__(self, patience_s: float = PATIENCE_S, room: int = ROOM, room_on_disk: int = ROOM_ON_DISK) -> None:
        self._patience_s = patience_s
        self._room = room
        self._room_on_disk = room_on_disk
        self._have_come = 0
        self._on_disk = 0

    async def take(self, proto: Any, environ: Environ, most: int) -> None:
        """Puts the body into the environment: whole, or one byte more than `most`, or what refuses to be read. Too long
        by its length it stays unread, and whoever reads the request finds that out by itself."""
        length = environ.get("CONTENT_LENGTH") or ""
        if environ.get("HTTP_TRANSFER_ENCODING"):
            at_most = most + 1
        elif length.isdecimal() and length.isascii() and len(length) < 12 and 0 < int(length) <= most:
            at_most = int(length)
        else:
            return
        try:
            async with asyncio.timeout(self._patience_s + at_most / SLOWEST):
                if at_most > IN_MEMORY and "CONTENT_LENGTH" in environ:
                    environ["wsgi.input"] = environ[FILE_KEY] = await self._file(proto, at_most)
                else:
                    environ["wsgi.input"] = await self._body(proto, environ, at_most)
        except TimeoutError:
            environ["wsgi.input"] = Unread(AppError("The body took too long to arrive", status=408))
        except Refused as refused:
            environ["wsgi.input"] = Unread(refused.error)
        except Exception:  # the caller went away
            environ["wsgi.input"] = Unread(Malformed("The body ended early"))

    async def _body(self, proto: Any, environ: Environ, at_most: int) -> BytesIO | Unread:
        if "CONTENT_LENGTH" in environ and at_most <= SMALL:
            return BytesIO(await proto())
        if "CONTENT_LENGTH" not in environ and environ.get("CONTENT_TYPE", "").startswith(FORM):
            return Unread(AppError("A form needs its length", status=411))  # cut short, it would look whole
        parts: list[bytes] = []
        come = 0
        try:
            async for part in proto:
                parts.append(part[: at_most - come])
                come += len(parts[-1])
                self._have_come += len(parts[-1])
                if self._have_come > self._room:
                    return Unread(Unavailable(1))
                if come >= at_most:
                    break
            return BytesIO(b"".join(parts))
        finally:
            self._have_come -= come

    async def _file(self, proto: Any, size: int) -> IO[bytes]:
        """What a part takes to be written (to the system's cache) is less than what it takes to come."""
        file = new_file()
        come = 0
        try:
            async for part in proto:
                come += len(part)
                self._on_disk += len(part)
                if self._on_disk > self._room_on_disk:
                    raise Refused(Unavailable(30))
                file.write(part)
                if come >= size:
                    break
            if come < size:
                raise EOFError
            file.seek(0)
            return file
        except BaseException:
            file.close()
            raise
        finally:
            self._on_disk -= come


class Refused(Exception):
    """Carries what the caller is told."""

    def __init__(self, error: AppError) -> None:
        super().__init__(str(error))
        self.error = error
