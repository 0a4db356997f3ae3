"""The simulator in a process of its own, with the same methods as the one in this process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from app.core.exchange import Call, Json
from app.core.http import READ_BYTES, Client
from app.simulator.ledger import KEEP_CALLS, Received
from app.simulator.platforms import KWAI_PATH

ROOT = Path(__file__).parents[2]


class RemoteSimulator:
    """A simulator reached by its control API; with a process of its own, `stop` (or the end of a `with`) ends it."""

    def __init__(self, url: str, process: subprocess.Popen[str] | None = None) -> None:
        self.url = url
        self._process = process
        self._client = Client(timeout_s=30, pool_size=4)

    @property
    def environment(self) -> dict[str, str]:
        """The settings that send the product's calls here."""
        return {"KWAI_EVENTS_URL": f"{self.url}{KWAI_PATH}", "META_GRAPH_URL": self.url}

    def behave(self, **told: Any) -> None:
        """Fields of Behaviour. Raises ValueError for what is none."""
        self._ask("POST", "behaviour", told)

    def calm(self) -> None:
        self._ask("POST", "calm", {})

    def reset(self) -> None:
        self._ask("POST", "reset", {})

    def rules(self) -> list[Json]:
        return list(self._ask("GET", "behaviour")["data"])

    def counts(self) -> Json:
        return self._ask("GET", "counts")

    def received(self, platform: str | None = None, pixel: str | None = None, limit: int = 100) -> list[Received]:
        """The latest calls that fit, oldest first. Raises RuntimeError when they pass 1 MB: ask for fewer."""
        asked = {"platform": platform, "pixel": pixel, "limit": min(limit, KEEP_CALLS)}
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        calls = self._ask("GET", f"received?{query}")["data"]
        return [Received(**{name: value for name, value in call.items() if name != "time"}) for call in calls]

    @property
    def arrivals(self) -> Counter[str]:
        return Counter({identity: times for identity, (times, _) in self._arrivals().items()})

    @property
    def first_at(self) -> dict[str, float]:
        return {identity: first for identity, (_, first) in self._arrivals().items()}

    def stop(self) -> None:
        self._client.close()
        if self._process is not None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.close()  # what the child waits for
            self._process.wait(10)
            self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()

    def _arrivals(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        offset: int | None = 0
        while offset is not None:
            page = self._ask("GET", f"arrivals?offset={offset}")
            found |= page["data"]
            offset = page["next"]
        return found

    def _ask(self, method: str, path: str, body: Json | None = None) -> Json:
        reply = self._client.send(Call(method, f"{self.url}/_simulator/{path}", body), keep=READ_BYTES)
        if reply.status == 400:
            raise ValueError(reply.json().get("error"))
        if not reply.ok:
            raise RuntimeError(f"simulator: {reply.error or reply.status}")
        return reply.json()


def spawn(*, port: int = 0, latency_ms: float = 0, keep_bodies: bool = False) -> RemoteSimulator:
    """A simulator as a child process, ready to serve. It ends with `stop`, and with this process whatever happens."""
    command = [sys.executable, "-m", "app.simulator", "--port", str(port), "--latency-ms", str(latency_ms), "--child"]
    process = subprocess.Popen(  # noqa: S603  # our own module with our own arguments
        command + ([] if keep_bodies else ["--counts-only"]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = [word.removeprefix("META_GRAPH_URL=") for word in line.split() if word.startswith("META_GRAPH_URL=")]
    if not found:
        raise RuntimeError("the simulator did not start")
    return RemoteSimulator(found[0], process)
