"""`python -m tests.hosts.balancer <address:port> <look|trust> <backend> …`: connections in turn, to those that live."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Sequence
from contextlib import suppress

LOOK_S = 0.5  # how often each backend is asked whether it lives
ANSWERS_WITHIN_S = 1.0
LIVE = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


class Backend:
    """One server behind the balancer, and the connections that go there."""

    def __init__(self, where: str) -> None:
        self.host, _, port = where.partition(":")
        self.port = int(port)
        self.is_up = True
        self.open: set[asyncio.StreamWriter] = set()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            return await asyncio.open_connection(self.host, self.port)

    async def look_for_ever(self) -> None:
        while True:
            self.is_up = await self._lives()
            if not self.is_up:  # who waits there would wait for nothing
                for writer in list(self.open):
                    writer.transport.abort()
            await asyncio.sleep(LOOK_S)

    async def _lives(self) -> bool:
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                reader, writer = await self.connect()
                try:
                    writer.write(LIVE)
                    return b" 200 " in await reader.readline()
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return False


class Balancer:
    def __init__(self, backends: Sequence[Backend]) -> None:
        self._backends = backends
        self._turn = itertools.count()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection, to the backend whose turn it is; to the next when that one cannot be reached."""
        first = next(self._turn)
        order = [self._backends[(first + step) % len(self._backends)] for step in range(len(self._backends))]
        for backend in sorted(order, key=lambda each: not each.is_up):
            try:
                there, to_there = await backend.connect()
            except (OSError, TimeoutError):
                backend.is_up = False
                continue
            ends = {writer, to_there}
            backend.open |= ends
            try:
                await asyncio.gather(_pipe(reader, to_there), _pipe(there, writer))
            finally:
                backend.open -= ends
            return
        writer.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    writer.close()


async def main(where: str, looks: str, *behind: str) -> None:
    backends = [Backend(each) for each in behind]
    host, _, port = where.partition(":")
    server = await asyncio.start_server(Balancer(backends).serve, host, int(port), backlog=512)
    lookers = [asyncio.create_task(backend.look_for_ever()) for backend in backends if looks == "look"]
    async with server:
        await asyncio.gather(server.serve_forever(), *lookers)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
