"""A full disk: refused is what cannot be kept, images go out, nobody dies, and with the space everything comes back.

On SQLite the disk fills in two steps: first the spool of opens, which was allocated ahead, takes what the database does
not; then nothing can be written at all, and opens are counted as unrecorded. The short form limits what the product's
processes may write (it needs no rights); the long one mounts a small file system, also under PostgreSQL's data.
"""

from __future__ import annotations

import http.client
import json
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from app.simulator.platforms import KWAI
from tests.chaos.databases import PostgresServer
from tests.chaos.disks import KB, WRITERS, Limit, SmallDisk, may_limit, may_mount, mounts
from tests.chaos.harness import world as any_world
from tests.chaos.load import EVENTS, event
from tests.chaos.product import PATIENCE_S, TOKEN
from tests.chaos.readers import FILE, LOGO

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

SPOOL_LEFT = 192 * KB  # the database needs more at once, the spool less
COMES_BACK_S = 5.0


def answers(port, number):
    """What a client app and a mail program are answered now, each over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}", "Prefer": "respond-async"}
    connection.request("POST", EVENTS, json.dumps(event(KWAI, f"probe-{number}")), headers)
    posted = connection.getresponse()
    posted.read()
    connection.request("GET", f"/image/{FILE}")
    shown = connection.getresponse()
    is_shown = (shown.status, shown.read()) == (200, LOGO)
    connection.request("GET", "/health/live")
    is_alive = connection.getresponse().status == 200
    connection.close()
    return posted.status, posted.headers["Retry-After"], is_shown, is_alive


class FullDisk:
    """Fills a world's disk under load, asks meanwhile, and makes room again."""

    def __init__(self, world, disk, steps):
        self._world, self._disk, self._steps = world, disk, steps
        self.seen = []
        self.back_s = None

    def __call__(self, until):
        time.sleep(1)
        before = self._pids()
        with self._world.watched():
            for number, (name, left, seconds) in enumerate(self._steps):
                with self._world.stage(name):
                    self._disk.fill(left)
                    self._world.kills[name] += 1
                    self._ask_until_refused(time.monotonic() + seconds, number)
            self._disk.empty()
            self._wait_until_taken()
        asked = Counter(status for status, *_ in self.seen)
        self._world.notes.append(f"Asked meanwhile: {dict(asked)}; taken again {self.back_s} s after there was room")
        if self._pids() != before:
            self._world.broken.append("a process died of it")

    def _pids(self):
        return {part: self._world.product.pids(part) for part in WRITERS}

    def _ask_until_refused(self, until, number):
        while time.monotonic() < until:
            self.seen.append(answers(self._world.product.port, f"{number}-{len(self.seen)}"))
            time.sleep(0.2)

    def _wait_until_taken(self):
        started = time.monotonic()
        while answers(self._world.product.port, f"back-{time.monotonic()}")[0] != 202:
            assert time.monotonic() < started + PATIENCE_S, self._world.product.output[-4000:]
            time.sleep(0.1)
        self.back_s = round(time.monotonic() - started, 1)


def verdict(world, fault, tell, name, seconds):
    report, found = world.run(name, 1, seconds, fault)
    tell(report)
    tell("\n".join(world.stage_lines()))
    if "Traceback" in world.product.output:
        tell(world.product.output[-6000:])

    assert (found.lost, found.wrong) == ([], [])
    assert found.duplicates <= report.in_hand_at_kills
    refused = [each for each in fault.seen if each[0] != 202]
    assert {each[0] for each in refused} == {503}
    assert all(int(each[1]) >= 1 for each in refused)
    assert all(is_shown and is_alive for _, _, is_shown, is_alive in fault.seen)
    assert fault.back_s < COMES_BACK_S
    assert "Traceback" not in world.product.output
    return report, found


if may_limit():  # not on macOS

    def test_a_full_disk_refuses_events_shows_images_and_comes_back(new_world, tell):
        with new_world("sqlite") as world:
            fault = FullDisk(world, Limit(world.product), [("disk full but for the spool", SPOOL_LEFT, 2),
                                                           ("disk full", 0, 1.5)])  # fmt: skip
            _, found = verdict(world, fault, tell, "disk full", 1)

            assert found.opens.unrecorded > 0
            assert world.end_in_order() == "ok"


# -- on a small file system: needs the right to mount one -----------------------------------------------------------


@pytest.fixture
def mount():
    with mounts() as mount:
        yield mount


if may_mount():  # in a container mostly not: then the form above is what there is

    @pytest.mark.long
    def test_a_full_file_system_under_everything(mount, tell):
        """Valkey, the log of events and the spool are on it too."""
        folders = []

        def database(folder):
            folders.append(folder / "d")
            mount(folder / "d", 64)
            return f"sqlite:///{folder / 'd' / 'kalitrack.db'}"

        with any_world(database) as world:
            steps = [("file system full", 0, 6), ("a little room", 64 * KB, 3), ("file system full", 0, 6)]
            fault = FullDisk(world, SmallDisk(folders[0]), steps)
            verdict(world, fault, tell, "file system full", 3)

            assert world.end_in_order() == "ok"

    @pytest.mark.long
    def test_a_full_file_system_under_postgresql(mount, tell):
        """Its log is allocated ahead, its tables are not; should it run out of log it ends, and somebody starts it
        again."""
        folder = Path(tempfile.mkdtemp(prefix="kt-pg-"))
        mount(folder, 160)
        server = PostgresServer(folder)
        try:
            with any_world(lambda _folder: server.new_database(), postgresql=server) as world:
                disk = SmallDisk(folder)
                fault = FullDisk(world, disk, [("PostgreSQL's disk full", 0, 8)])
                verdict(world, fault, tell, "PostgreSQL's disk full", 3)
        finally:
            server.end()
