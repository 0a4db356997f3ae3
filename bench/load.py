"""Load on one URL: by wrk when it is on the PATH, else by threads of our own; every request with an id of its own."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from bench.goals import percentile
from bench.processes import pin

CONNECTIONS = 32
HERE = Path(__file__).parent
AGENTS = HERE / "agents.txt"  # what loads e-mail images: people's programs, proxies, a few crawlers
_slices = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Shot:
    """What was sent where; `%ID%` in the body, or in the path of a GET, becomes new with every request. A GET comes
    from many user agents in turn."""

    port: int
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]  # empty: a GET

    @property
    def text(self) -> str:
        return json.dumps(self.body)


@dataclass(frozen=True, slots=True)
class Answered:
    """A slice of load. `answered` counts 2xx; `in_flight` is how many more may have been served but not read."""

    answered: int
    refused: int
    lost: int
    duration_s: float
    p99_ms: float
    in_flight: int

    @property
    def per_s(self) -> float:
        return self.answered / self.duration_s


def has_wrk() -> bool:
    return shutil.which("wrk") is not None


def fire(shot: Shot, seconds: float, requests: int | None = None, connections: int = CONNECTIONS) -> Answered:
    """Load for some seconds over so many connections, or (`requests`) that many requests one after the other."""
    prefix = f"{os.getpid():x}-{next(_slices):x}-{time.time_ns():x}-"
    if requests is not None:
        return _own(shot, prefix, 3600.0, 1, requests)
    if has_wrk():
        return _wrk(shot, prefix, seconds, connections)
    return _own(shot, prefix, seconds, connections, None)


def _wrk(shot: Shot, prefix: str, seconds: float, connections: int) -> Answered:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as body:
        body.write(shot.text)
        body.flush()
        url = f"http://127.0.0.1:{shot.port}{shot.path}"
        headers = [f"{name}: {value}" for name, value in shot.headers.items()]
        script = ["get.lua", url, "--", str(AGENTS)] if not shot.body else ["post.lua", url, "--", body.name]
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "20s", "-s"]
        said = subprocess.run(
            [*command, *script, prefix, *headers],
            capture_output=True, text=True, check=True, cwd=HERE, preexec_fn=lambda: pin(0, 1),
        ).stdout  # fmt: skip
    line = next(line for line in said.splitlines() if line.startswith("FIGURES "))
    total, took_us, p99_us, refused, lost = map(int, line.split()[1:])
    return Answered(total - refused, refused, lost, took_us / 1e6, p99_us / 1000, connections)


def _own(shot: Shot, prefix: str, seconds: float, connections: int, requests: int | None) -> Answered:
    numbers = iter(range(requests)) if requests is not None else itertools.count()
    until = time.monotonic() + seconds
    took: list[float] = []
    refused: list[float] = []
    lock = threading.Lock()

    def one() -> None:
        connection = HTTPConnection("127.0.0.1", shot.port, timeout=20)
        while time.monotonic() < until:
            with lock:
                number = next(numbers, None)
            if number is None:
                break
            started = time.perf_counter()
            status = ask(connection, shot, f"{prefix}{number}", number)
            (took if status < 300 else refused).append(time.perf_counter() - started)
        connection.close()

    threads = [threading.Thread(target=one) for _ in range(connections)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    duration = time.monotonic() - started
    return Answered(len(took), len(refused), 0, duration, percentile(took, 0.99) * 1000, 0)


def ask(connection: HTTPConnection, shot: Shot, id_: str, number: int) -> int:
    """One request of its own id; gives the status."""
    if shot.body:
        return post(connection, shot, id_)
    agents = _agents()
    connection.request("GET", shot.path.replace("%ID%", id_), headers={"User-Agent": agents[number % len(agents)]})
    response = connection.getresponse()
    response.read()
    return response.status


@cache
def _agents() -> list[str]:
    return AGENTS.read_text("utf-8").splitlines()


def post(connection: HTTPConnection, shot: Shot, id_: str) -> int:
    """One request of its own id; gives the status."""
    headers = {"Content-Type": "application/json", **shot.headers}
    connection.request("POST", shot.path, shot.text.replace("%ID%", id_), headers)
    response = connection.getresponse()
    response.read()
    return response.status
