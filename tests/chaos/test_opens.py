"""Opens under kills: every image that was answered left its open, once, and the figures are those of the rows.

`CHAOS_KILLS=20 make chaos ARGS="tests/chaos/test_opens.py"` makes it long.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, insert, select
from werkzeug.test import Client as WsgiClient

from app import create_app
from app.accounts.models import Account
from app.core import config_version, migrate
from app.core.ids import uuid7
from app.core.runtime import runtime
from app.core.settings import Settings
from app.opens.images.models import Image, ImageContent
from app.opens.models import Open
from app.opens.recording.spool import Spool
from tests.chaos.databases import PostgresServer
from tests.chaos.product import PATIENCE_S, WEB_WORKER
from tests.conftest import SECRETS
from tests.opens.opens_fixtures import APPLE, CRAWLER, GMAIL, OUTLOOK, recount

KILLS = int(os.environ.get("CHAOS_KILLS", "2"))
ENOUGH = 60  # answered images between two kills
THREADS = 8
IMAGE_WITHIN_S = 2.2  # when the database is away
ADDS_S = 2.0  # what a busy machine does to that
LOGO = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120 + KILLS * 20)]


Ask = Callable[[str, str], tuple[int, bytes]]  # path, user agent -> status, body


class Readers:
    """Mail programs that load images; some ids twice, as such programs do."""

    def __init__(self, ask: Callable[[], Ask]) -> None:
        self._new_ask = ask
        self._stops = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(THREADS)]
        self._lock = threading.Lock()
        self.sent: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.odd: list[str] = []  # answers that were no image
        self.slowest_s = 0.0

    @contextmanager
    def at_work(self) -> Iterator[Readers]:
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._stops.set()
            for thread in self._threads:
                thread.join()

    def wait_for(self, more: int) -> None:
        """Until so many more were answered."""
        wanted, deadline = self.answered.total() + more, time.monotonic() + PATIENCE_S
        while self.answered.total() < wanted:
            assert time.monotonic() < deadline, f"{self.answered.total()} of {wanted} were answered"
            time.sleep(0.02)

    def _run(self, number: int) -> None:
        chance = random.Random(number)
        ask = self._new_ask()
        step = 0
        while not self._stops.is_set():
            step += 1
            agent = chance.choice((OUTLOOK, GMAIL, APPLE, CRAWLER, f"Reader/{chance.randrange(50)}"))
            for _ in range(chance.choice((1, 1, 1, 2))):
                self._load(ask, f"{number}-{step}", agent)
            time.sleep(0.005)

    def _load(self, ask: Ask, ref: str, agent: str) -> None:
        with self._lock:
            self.sent[ref] += 1
        started = time.monotonic()
        try:
            status, body = ask(f"/image/logo.png?id_fatura={ref}", agent)
        except ConnectionRefusedError:  # nobody is there to see it
            with self._lock:
                self.sent[ref] -= 1
            time.sleep(0.05)
            return
        except (OSError, http.client.HTTPException):  # killed meanwhile: nobody saw an image
            return
        with self._lock:
            self.answered[ref] += 1
            self.slowest_s = max(self.slowest_s, time.monotonic() - started)
            if (status, body) != (200, LOGO):
                self.odd.append(f"{status}, {len(body)} bytes")


def over_http(port: int) -> Ask:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)

    def ask(path: str, agent: str) -> tuple[int, bytes]:
        try:
            connection.request("GET", path, headers={"User-Agent": agent})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise

    return ask


def in_process(app: Flask) -> Ask:
    client = WsgiClient(app)

    def ask(path: str, agent: str) -> tuple[int, bytes]:
        answer = client.get(path, headers={"User-Agent": agent}, environ_base={"REMOTE_ADDR": "203.0.113.7"})
        return answer.status_code, answer.data

    return ask


class Ledger:
    """The product's opens, read from outside."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.spool = Spool(folder)

    def upload(self) -> None:
        now, id_ = datetime.now(UTC), uuid7()
        with self.engine.begin() as connection:
            row = {
                "id": id_, "account_id": connection.scalar(select(Account.id)), "file": "logo.png", "name": "logo",
                "content_type": "image/png", "width": 1, "height": 1, "size": len(LOGO), "created_at": now,
                "updated_at": now,
            }  # fmt: skip
            connection.execute(insert(Image).values(**row))
            connection.execute(insert(ImageContent).values(image_id=id_, content=LOGO))

    def settle(self) -> None:
        """Until nothing waits in the spool."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.spool.is_empty():
            assert time.monotonic() < deadline, "the spool is not emptied"
            time.sleep(0.1)

    def verdict(self, readers: Readers) -> dict[str, Any]:
        """What became of what was answered. Fails when a figure is not what the rows give."""
        stored: Counter[str] = Counter()
        with self.engine.connect() as connection:
            rows = connection.execute(select(Open.ref, Open.hits, Open.id)).all()
            for ref, hits, _ in rows:
                stored[ref] += hits
            recount(connection, connection.scalar(select(Account.id)))  # type: ignore[arg-type]
        return {
            "answered": readers.answered.total(),
            "stored": stored.total(),
            "unanswered": readers.sent.total() - readers.answered.total(),
            "lost": (readers.answered - stored).total(),
            "twice": (stored - readers.sent).total(),
            "rows": len(rows),
            "rows_twice": (Counter(ref for ref, *_ in rows) - readers.sent).total(),
            "slowest_s": round(readers.slowest_s, 2),
            "odd": readers.odd[:5],
        }


def test_web_killed_again_and_again_loses_no_open(new_world: Any, tell: Callable[[object], None]) -> None:
    with new_world("sqlite") as world:
        ledger = Ledger(world.books.engine, world.product.folder / "d")
        ledger.upload()
        with Readers(lambda: over_http(world.product.port)).at_work() as readers:
            for number in range(KILLS):
                readers.wait_for(ENOUGH)
                world.strike(WEB_WORKER if number % 2 else "web")
            readers.wait_for(ENOUGH)
        ledger.settle()
        assert world.end_in_order() == "ok"
        found = ledger.verdict(readers)

        tell(json.dumps({"test": "opens, web killed", "kills": dict(world.kills), **found}))
        assert (found["lost"], found["twice"], found["odd"]) == (0, 0, [])
        assert world.kills.total() == KILLS
        assert found["stored"] - found["answered"] <= found["unanswered"]


@pytest.fixture
def on_mortal_postgresql(mortal_postgresql: PostgresServer, tmp_path: Path) -> Iterator[Flask]:
    listeners = list(config_version.on_bump)
    url = mortal_postgresql.new_database()
    app = create_app(
        Settings.load({}, data_dir=tmp_path, database_url=url, redis_url="redis://127.0.0.1:9/0", **SECRETS)
    )
    migrate.upgrade(app)
    yield app
    config_version.on_bump[:] = listeners
    runtime(app).engine.dispose()


def test_a_database_that_dies_costs_two_seconds_and_no_open(
    on_mortal_postgresql: Flask, mortal_postgresql: PostgresServer, tmp_path: Path, tell: Callable[[object], None]
) -> None:
    """A load that is folded into another has no row of its own: its hit may count twice, when the commit was done and
    nobody heard of it. A row never does."""
    ledger = Ledger(runtime(on_mortal_postgresql).engine, tmp_path)
    ledger.upload()
    with Readers(lambda: in_process(on_mortal_postgresql)).at_work() as readers:
        readers.wait_for(ENOUGH)
        mortal_postgresql.kill()
        readers.wait_for(ENOUGH)  # images come while it is dead
        spooled = len(ledger.spool.read(1000).records)
        mortal_postgresql.start_again()
        readers.wait_for(ENOUGH)
    ledger.settle()
    found = ledger.verdict(readers)

    tell(json.dumps({"test": "opens, PostgreSQL killed", "spooled": spooled, **found}))
    assert (found["lost"], found["rows_twice"], found["odd"], found["unanswered"]) == (0, 0, [], 0)
    assert found["twice"] <= THREADS
    assert spooled > 0
    assert found["slowest_s"] < IMAGE_WITHIN_S + ADDS_S
