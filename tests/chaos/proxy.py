"""A bad network between two parts: a TCP proxy on loopback that delays, slices, cuts, resets and swallows."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: close sends a reset
PIECE = 65_536
LOOK_S = 0.02  # how often one who waits in the dark looks whether it is over
CONNECT_S = 5.0
Target = tuple[str, int] | Path  # host and port, or a socket in the file system


@dataclass(frozen=True, slots=True)
class Weather:
    """How bytes travel, in both directions. `is_dark`: nothing passes, new connections neither, until it clears up;
    then what was on its way arrives, as after lost packets. `refuses`: new connections end at once."""

    latency_s: float = 0.0
    jitter_s: float = 0.0
    bytes_per_s: float | None = None
    slice_bytes: int | None = None
    is_dark: bool = False
    refuses: bool = False


CLEAR = Weather()


class Proxy:
    """Of one link; `port` is where the product finds the other part. Its loop runs in a thread of its own, and all that
    is asked of it may be asked from any thread."""

    def __init__(self, target: Target, seed: int = 1) -> None:
        self._target = target
        self._chance = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._links: set[_Link] = set()
        self.weather = CLEAR
        self.accepted = 0
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = listener.getsockname()[1]
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=listener))
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy to {target}", daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Every connection ends in order, as when the other part closes it."""
        self._ask(lambda link: link.end())

    def reset(self) -> None:
        """Every connection ends with a reset, in the middle of whatever it carries."""
        self._ask(lambda link: link.end(with_reset=True))

    def forget(self) -> None:
        """Half-open: the other part is gone, and nobody tells this side, whose bytes vanish. Ends with `reset`."""
        self._ask(lambda link: link.forget())

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _ask(self, action: Any) -> None:
        async def each() -> None:
            for link in list(self._links):
                action(link)

        asyncio.run_coroutine_threadsafe(each(), self._loop).result(10)

    # -- in the loop ------------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(writer)
        self._links.add(link)
        self.accepted += 1
        try:
            await self._clears()
            if self.weather.refuses:
                return
            there, link.far = await self._connect()
            await asyncio.gather(self._carry(reader, link.far, link), self._carry(there, writer, link))
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass
        finally:
            link.end()
            self._links.discard(link)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, Path):
            return await asyncio.wait_for(asyncio.open_unix_connection(str(self._target)), CONNECT_S)
        return await asyncio.wait_for(asyncio.open_connection(*self._target), CONNECT_S)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: _Link) -> None:
        """One direction. Its end is the end of the connection, unless that is forgotten: then bytes vanish."""
        while piece := await reader.read(self.weather.slice_bytes or PIECE):
            await self._clears()
            await asyncio.sleep(self._delay_s(len(piece)))
            if not link.is_forgotten:
                writer.write(piece)
                await writer.drain()
        if not link.is_forgotten:
            link.end()

    def _delay_s(self, size: int) -> float:
        weather = self.weather
        speed = size / weather.bytes_per_s if weather.bytes_per_s else 0.0
        return weather.latency_s + self._chance.uniform(0, weather.jitter_s) + speed

    async def _clears(self) -> None:
        while self.weather.is_dark:
            await asyncio.sleep(LOOK_S)


class _Link:
    """Both ends of one connection: `near` is the side that asked for it."""

    def __init__(self, near: asyncio.StreamWriter) -> None:
        self.near = near
        self.far: asyncio.StreamWriter | None = None
        self.is_forgotten = False

    def forget(self) -> None:
        self.is_forgotten = True
        if self.far is not None:
            _abort(self.far)

    def end(self, *, with_reset: bool = False) -> None:
        for writer in (self.near, self.far):
            if writer is not None and with_reset:
                _abort(writer)
            elif writer is not None:
                writer.close()


def _abort(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
