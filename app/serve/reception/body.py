"""Bodies as they arrive: small ones at once, larger ones within a deadline and a bound on all that are on their way."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Any

from app.core.errors import AppError, Unavailable
from app.serve.reception.environ import Environ

SMALL = 16 * 1024  # bytes: of so many nobody keeps count; a slow one holds no thread
ROOM = 64 * 1024 * 1024  # bytes of larger bodies that may be on their way together
PATIENCE_S = 30.0
SLOWEST = 50 * 1024  # bytes a second of a body that takes longer than that


class Unread:
    """In the place of a body that was not read: says why to who reads it."""

    def __init__(self, error: AppError) -> None:
        self._error = error

    def read(self, _size: int = -1) -> bytes:
        raise self._error


class Bodies:
    """What one process keeps count of. A large body has `patience_s`, and what its size takes at SLOWEST."""

    def __init__(self, patience_s: float = PATIENCE_S, room: int = ROOM) -> None:
        self._patience_s = patience_s
        self._room = room
        self._on_their_way = 0

    async def take(self, proto: Any, environ: Environ, most: int) -> None:
        """Puts the body into the environment: whole, or one byte more than `most`, or what refuses to be read. Too long
        by its length it stays unread, and whoever reads the request finds that out by itself."""
        length = environ.get("CONTENT_LENGTH") or ""
        if environ.get("HTTP_TRANSFER_ENCODING"):
            await self._large(proto, environ, most + 1)
        elif length.isdecimal() and length.isascii() and len(length) < 12 and 0 < int(length) <= most:
            if int(length) <= SMALL:
                environ["wsgi.input"] = BytesIO(await proto())
            else:
                await self._large(proto, environ, int(length))

    async def _large(self, proto: Any, environ: Environ, at_most: int) -> None:
        if self._on_their_way + at_most > self._room:
            environ["wsgi.input"] = Unread(Unavailable(1))
            return
        self._on_their_way += at_most
        reading = asyncio.ensure_future(_read(proto, at_most))
        try:
            await asyncio.wait({reading}, timeout=self._patience_s + at_most / SLOWEST)
            if reading.done():
                environ["wsgi.input"] = BytesIO(reading.result())
            else:
                reading.cancel()
                environ["wsgi.input"] = Unread(AppError("The body took too long to arrive", status=408))
        except Exception:  # the caller went away
            environ["wsgi.input"] = NOTHING
        finally:
            self._on_their_way -= at_most


async def _read(proto: Any, at_most: int) -> bytes:
    parts, missing = [], at_most
    async for part in proto:
        parts.append(part[:missing])
        missing -= len(parts[-1])
        if missing <= 0:
            break
    return b"".join(parts)


NOTHING = BytesIO()
