"""The simulator inside a test's process: its own thread, any free port."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from typing import Any, Self

from app.simulator.platforms import KWAI_PATH
from app.simulator.server import serve
from app.simulator.stage import Stage


class Simulator(Stage):
    """`with Simulator() as simulator:` serves on `simulator.url` until the block ends.

    `keep_bodies=False` keeps headers of the latest 1,000 calls and all counts: for benchmarks, which should use
    `remote.spawn` anyway, so as not to share their interpreter with it.
    """

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, latency_ms: float = 0, keep_bodies: bool = True
    ) -> None:
        super().__init__(latency_ms, keep_bodies)
        self._listener = listen(host, port)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()

    @property
    def environment(self) -> dict[str, str]:
        """The settings that send the product's calls here."""
        return {"KWAI_EVENTS_URL": f"{self.url}{KWAI_PATH}", "META_GRAPH_URL": self.url}

    def start(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def stop(self) -> None:
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: Any) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await serve(self, self._listener, self._stop)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on loopback. Raises ValueError for any other address: the simulator keeps what it is sent,
    tokens too, and shows it to whoever asks."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise ValueError(f"{host} is not a loopback address") from None
    if not address.is_loopback:
        raise ValueError(f"{host} is not a loopback address")
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    return socket.create_server((str(address), port), family=family, backlog=512)
