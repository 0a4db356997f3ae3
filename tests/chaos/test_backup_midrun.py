"""A backup taken under load and restored elsewhere: it holds what was answered before it, sends only what was not final
then, and knows what it has taken."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from app.outbound.models import OPEN_STATUSES, Delivery
from app.upkeep.backup import archive
from tests.chaos.load import EVENTS, Client, arrival_key, event
from tests.chaos.oracle import Books, Sight
from tests.chaos.product import PATIENCE_S, ROOT, Product

TABLES = ("delivery", "tracked_event", "attempt", "email_open", "pixel", "image")
pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


def flask(product: Product, *arguments: str) -> str:
    """One of our commands, as an operator runs it; what it said."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=product._environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass
class Taken:
    """The backup, and the events that were answered before it began, with their platforms."""

    file: Path
    events: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class Copy:
    """The restored product, in a folder and database of its own, on the keys that came in the backup."""

    def __init__(self, world: Any, folder: Path, url: str, file: Path) -> None:
        folder.mkdir()
        self.product = Product(folder, url, world.simulator.environment)
        self.said = flask(self.product, "restore", str(file))
        self.books = Books(url)

    def counts(self, names: Any) -> dict[str, int]:
        with self.books.engine.connect() as connection:
            return {name: connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in names}

    def not_final(self) -> set[Any]:
        with self.books.engine.connect() as connection:
            return set(connection.scalars(select(Delivery.id).where(Delivery.status.in_(OPEN_STATUSES))))

    def settle(self) -> float:
        started = time.monotonic()
        while self.books.open_count():
            assert time.monotonic() < started + PATIENCE_S, self.product.output[-4000:]
            time.sleep(0.1)
        return round(time.monotonic() - started, 1)


def back_up(world: Any, taken: Taken) -> None:
    taken.events = dict(world.load.taken)
    started = time.monotonic()
    with world.stage("backup"):
        flask(world.product, "backup", "--to", str(taken.file), "--with-secrets")
    taken.seconds = round(time.monotonic() - started, 1)


def is_known(product: Product, event_id: str, platform: str) -> bool:
    """Whether the product has this event already, when its client sends it once more."""
    status, answer = Client(product.port).post(EVENTS, event(platform, event_id))
    assert status in (200, 202), answer
    return bool(answer.get("duplicate", False))


@dataclass
class Seen:
    """The copy before and after it was started against the same platforms."""

    kept: dict[str, int]  # rows by table
    open_ones: set[Any]
    sights: list[Sight]
    sent_again: set[Any]  # deliveries
    arrivals: int  # at the platforms, because of the copy
    knows_earlier: bool
    knows_later: bool
    lies: list[str]
    settle_s: float


def watch(world: Any, copy: Copy, taken: Taken) -> Seen:
    """Starts the copy, lets it deliver, and sends it one event that it has and one that it cannot have."""
    kept, open_ones, before = copy.counts(TABLES), copy.not_final(), world.simulator.arrivals
    copy.product.start()
    settle_s = copy.settle()
    after, platforms = world.simulator.arrivals, world.load.taken
    sights = copy.books.sights(after)
    more = after - before
    known = {sight.event_id for sight in sights}
    later = next(id_ for id_ in reversed(platforms) if id_ not in known)
    return Seen(
        kept,
        open_ones,
        sights,
        {sight.delivery_id for sight in sights if more[arrival_key(platforms[sight.event_id], sight.event_id)]},
        more.total(),
        is_known(copy.product, *next(iter(taken.events.items()))),
        is_known(copy.product, later, platforms[later]),
        copy.books.figures_that_lie(),
        settle_s,
    )


@pytest.mark.long
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_backup_under_load_sends_only_what_was_not_final_and_knows_the_rest(new_world, tell, tmp_path, database):
    taken = Taken(tmp_path / "backup.tar.gz")

    def mischief(until):
        world.load.wait_for(60)
        back_up(world, taken)
        time.sleep(1)

    with new_world(database, latency_ms=600) as world:
        report, found = world.run("backup under load", 1, 1, mischief)
        tell(report)
        url = world.postgresql.new_database() if world.postgresql else f"sqlite:///{tmp_path}/c/d/kalitrack.db"
        copy = Copy(world, tmp_path / "c", url, taken.file)
        try:
            seen = watch(world, copy, taken)
            stopped = copy.product.stop()
        finally:
            copy.product.end()
    tell(
        f"restored · {database}: the backup ({taken.seconds} s) has {seen.kept['tracked_event']} events and "
        f"{seen.kept['email_open']} opens, {len(seen.open_ones)} deliveries were not final; the copy sent "
        f"{len(seen.sent_again)} (settled {seen.settle_s} s); lost 0 of {len(taken.events)} events answered before it"
    )

    assert (found.lost, found.wrong, found.duplicates) == ([], [], 0)
    with archive.reading(taken.file) as opened:
        assert seen.kept == {name: opened.manifest.counts[name] for name in TABLES}
    assert {sight.event_id for sight in seen.sights} >= taken.events.keys()
    assert (seen.sent_again, seen.arrivals) == (seen.open_ones, len(seen.open_ones))
    assert {sight.status for sight in seen.sights} == {"done"}
    assert (seen.knows_earlier, seen.knows_later) == (True, False)
    assert (seen.lies, stopped, copy.books.integrity()) == ([], 0, "ok")
