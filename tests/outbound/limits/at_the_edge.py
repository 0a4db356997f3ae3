"""Each window of a pixel at its edge, by two worker processes: `python -m tests.outbound.limits.at_the_edge [sqlite]`.

A Kwai pixel (one event a call) is given 60 calls a minute, 1,000 an hour and 10,000 a day, and more events than that.
Two real workers drain one database, each against a platform of its own, so that it is seen who called. Time is moved by
the clock that all of them read (KALITRACK_CLOCK), never by editing what was counted. At the end Valkey is emptied, both
workers are killed and started again, and the day must still be counted. Takes about two minutes a database.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

FOLDER = Path(tempfile.mkdtemp(prefix="kt-edge-"))
os.environ["KALITRACK_CLOCK"] = str(FOLDER / "clock")  # before anything reads the clock

from flask import Flask  # noqa: E402
from sqlalchemy import delete, func, select  # noqa: E402

from app import create_app  # noqa: E402
from app.accounts import audit  # noqa: E402
from app.accounts.sign_in import first_account  # noqa: E402
from app.core import clock, migrate  # noqa: E402
from app.core.db import begin_write, write  # noqa: E402
from app.core.models import Heartbeat  # noqa: E402
from app.core.queue import connect, push_bell  # noqa: E402
from app.core.runtime import runtime  # noqa: E402
from app.core.settings import Settings  # noqa: E402
from app.outbound.limits import service  # noqa: E402
from app.outbound.limits.windows import Rates, Standing  # noqa: E402
from app.outbound.models import Status  # noqa: E402
from app.pixels import service as pixels  # noqa: E402
from app.simulator import Simulator  # noqa: E402
from tests.outbound.ledger import Ledger  # noqa: E402
from tests.servers import postgres_server, valkey_server  # noqa: E402

ROOT = Path(__file__).parents[3]
RATES = Rates(per_minute=60, per_hour=1000, per_day=10_000)
OWED = 10_100
PART = 100
LATENCY_MS = 50  # so that one worker is busy while the other looks
GIVES_UP_S = 120.0
HEAD = ("window", "limit", "process 1", "process 2", "allowed", "refused at call", "wait told")
WIDTHS = (8, 8, 10, 10, 8, 16, 12)


class Edge:
    """One database with its two workers."""

    def __init__(self, app: Flask, environment: dict[str, str], platforms: list[Simulator]) -> None:
        self.engine = runtime(app).engine
        self.ledger = Ledger(app)
        self.platforms = platforms
        self._environment = environment
        self._workers: list[subprocess.Popen[bytes]] = []
        self._moved_s = 0.0
        self.move(0)
        self.pixel = _pixel(app)

    def owe(self) -> None:
        for _ in range(0, OWED, PART):
            self.ledger.owe(self.pixel, PART)

    def start(self) -> None:
        for number, platform in enumerate(self.platforms, 1):
            own = {"KWAI_EVENTS_URL": f"{platform.url}/log/common/api"}
            command = [sys.executable, str(ROOT / "worker.py"), "deliver", str(number)]
            with (FOLDER / f"worker-{number}.out").open("ab") as out:
                self._workers.append(
                    subprocess.Popen(command, env=self._environment | own, stdout=out, stderr=subprocess.STDOUT)
                )

    def until_up(self) -> None:
        wanted = select(func.count()).select_from(Heartbeat).where(Heartbeat.kind == "deliver")

        def are_up() -> bool:
            with self.engine.connect() as connection:
                return (connection.scalar(wanted) or 0) >= len(self.platforms)

        until(are_up)

    def kill(self) -> None:
        for worker in self._workers:
            worker.kill()
            worker.wait()
        self._workers.clear()
        with begin_write(self.engine) as connection:
            connection.execute(delete(Heartbeat))

    def move(self, seconds: float) -> None:
        """Lets that time pass for everybody."""
        self._moved_s += seconds
        (FOLDER / "clock.new").write_text(str(self._moved_s))
        (FOLDER / "clock.new").rename(FOLDER / "clock")
        time.sleep(0.03)  # what a process may keep of the file
        with connect(self._environment["REDIS_URL"]) as client:
            for _ in self.platforms:
                push_bell(client)

    def flush_valkey(self) -> None:
        with connect(self._environment["REDIS_URL"]) as client:
            client.flushall()

    def standing(self) -> Standing:
        with self.engine.connect() as connection:
            return service.standing(connection, self.pixel)

    def calls(self) -> list[int]:
        return [sum(platform.arrivals.values()) for platform in self.platforms]

    def until_full(self) -> Standing:
        """Waits until a window is full, and its calls have come back."""
        until(lambda: self.standing().full_until() is not None and Status.LEASED not in self.ledger.statuses())
        return self.standing()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + GIVES_UP_S
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"it did not happen; what the workers said is in {FOLDER}")
        time.sleep(0.02)


def _pixel(app: Flask) -> UUID:
    with app.app_context(), write() as session:
        actor = audit.system_actor(first_account(session).id)
        pixel = pixels.create(actor, {"platform": "kwai", "pixelId": "290714800540320", "accessToken": "a-token"}).id
    with begin_write(runtime(app).engine) as connection:
        service.set_limits(connection, pixel, RATES)
    return pixel


@contextmanager
def edge(database_url: str, folder: Path) -> Iterator[Edge]:
    with ExitStack() as stack:
        platforms = [stack.enter_context(Simulator()) for _ in range(2)]
        for platform in platforms:
            platform.behave(latency_ms=LATENCY_MS)
        valkey = stack.enter_context(valkey_server())
        given = {"KALITRACK_DATA_DIR": str(folder), "DATABASE_URL": database_url, "REDIS_URL": valkey}
        app = create_app(Settings.load(given))
        migrate.upgrade(app)
        made = Edge(app, {**os.environ, **given, "PYTHONPATH": str(ROOT)}, platforms)
        stack.callback(runtime(app).engine.dispose)
        stack.callback(made.kill)
        yield made


def line(*values: object) -> None:
    cells = (str(value).rjust(width) for value, width in zip(values, WIDTHS, strict=True))
    print("  ".join(cells), flush=True)


def walk(edge: Edge) -> list[tuple[str, int]]:
    """From edge to edge; returns the windows met with the calls that each allowed, and prints a line for each."""
    met: list[tuple[str, int]] = []
    begun: dict[str, list[int]] = {window.name: [0, 0] for window in edge.standing().windows}
    while len(met) < len(begun):
        full = edge.until_full()
        now = edge.calls()
        for window in full.windows:
            if not window.remaining and window.name not in dict(met):
                shares = [have - had for have, had in zip(now, begun[window.name], strict=True)]
                ends = window.resets_at
                wait_s = (ends - full.at).total_seconds() if ends else 0.0
                line(window.name, window.limit, *shares, sum(shares), sum(shares) + 1, f"{wait_s:,.0f} s")
                met.append((window.name, sum(shares)))
        if len(met) < len(begun):
            ends = full.full_until()
            assert ends is not None
            edge.move((ends - clock.now()).total_seconds() + 0.01)
            started = {window.name for window in edge.standing().windows if not window.used}
            begun |= dict.fromkeys(started, now)
    return met


def show(name: str, database_url: str, folder: Path) -> None:
    print(f"\n{name}: {RATES.per_minute}/min, {RATES.per_hour}/h, {RATES.per_day}/day, two worker processes")
    line(*HEAD)
    with edge(database_url, folder) as one:
        one.start()
        one.until_up()
        one.owe()
        met = walk(one)
        assert met == [("minute", 60), ("hour", 1000), ("day", 10_000)], met
        before = sum(one.calls())
        one.flush_valkey()
        one.kill()
        one.start()
        one.until_up()
        one.move(3600)
        time.sleep(2)
        day = one.standing().windows[-1]
        print(f"after FLUSHALL, kill -9 of both, a new start and an hour: day {day.used}/{day.limit}, ", end="")
        print(f"{sum(one.calls()) - before} calls made, the rest waits with {_attempts(one)} attempts")
        assert (day.used, sum(one.calls())) == (10_000, before)
        assert day.resets_at is not None
        one.move((day.resets_at - clock.now()).total_seconds() + 0.01)
        one.until_full()
        print(f"when the day is over: {sum(one.calls()) - before} calls more")


def _attempts(edge: Edge) -> set[int]:
    return {row.attempts for row in edge.ledger.deliveries() if row.status == Status.PENDING}


def main(names: list[str]) -> None:
    for name in names or ["sqlite", "postgresql"]:
        folder = FOLDER / name
        folder.mkdir()
        if name == "sqlite":
            show(name, f"sqlite:///{folder / 'kalitrack.db'}", folder)
        else:
            with postgres_server() as url:
                show(name, url, folder)


if __name__ == "__main__":
    main(sys.argv[1:])
