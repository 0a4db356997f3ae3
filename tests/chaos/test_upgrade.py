"""An upgrade under load: nothing is lost, and where processes go on serving, nothing is doubled either.

What it proves: a migration that only adds and the processes of a release before it can meet in one database, rows in
the tables and requests under way; a restart of one part after the other after that costs nothing; on SQLite a new start
migrates (with a copy) before it serves. What it does not: the code of an older release is not here (a clone may be
shallow), so the present code stands in for it, below a made-up migration of a later release.
"""

from __future__ import annotations

import re
import signal
import time

import pytest

from app.core import migrate as core_migrate
from tests.chaos.migrating import NEXT, later_release, migrate
from tests.chaos.product import LEASE_S, ROOT

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
BEFORE, HEAD = "0007", "0008"
PARTS = ("deliver", "web", "deliver", "jobs", "ticker")


def test_the_head_is_the_one_that_this_upgrades_to():
    found = [re.search(r'^revision = "(\d+)"', file.read_text("utf-8"), re.M) for file in
             (ROOT / "migrations" / "versions").glob("*.py")]  # fmt: skip

    assert max(match[1] for match in found if match) == HEAD
    assert core_migrate.KEPT_COPIES > 0


@pytest.mark.long
def test_migrations_while_processes_serve_and_a_rolling_restart_lose_and_double_nothing(new_world, tell, tmp_path):
    def upgrade(until):
        product = world.product
        time.sleep(1)
        more = later_release(tmp_path / "versions", HEAD)
        with world.stage(f"from {HEAD} to one that adds to hot tables"):
            world.notes.append(f"Migrating took {migrate(product, 'up', NEXT, more)} s")
        with world.stage("rolling restart"):
            for part in PARTS:
                if product.signal(part, signal.SIGTERM) is not None:
                    world.kills[f"{part} (SIGTERM)"] += 1
                time.sleep(1)
                product.wait_for_part(part)

    with new_world("postgresql", WORKERS=2) as world:
        report, found = world.run("upgrade while it serves", 1, 1, upgrade)
        tell(report)
        tell("\n".join(world.stage_lines()))

        assert (found.lost, found.wrong, found.duplicates) == ([], [], 0)
        assert report.answers.get(500, 0) == 0
        assert report.settle_s < LEASE_S


@pytest.mark.long
def test_a_new_release_on_sqlite_copies_the_file_migrates_and_goes_on(new_world, tell):
    def upgrade(until):
        time.sleep(2)
        with world.stage("stopped and started anew"):
            assert world.product.stop() == 0
            migrate(world.product, "down", BEFORE)  # as the release before left it, with rows in the tables
            world.product.start()
        time.sleep(1)

    with new_world("sqlite", WORKERS=2) as world:
        report, found = world.run("upgrade by a new start", 1, 1, upgrade)
        tell(report)
        tell("\n".join(world.stage_lines()))

        assert (found.lost, found.wrong, found.duplicates) == ([], [], 0)
        assert len(list((world.product.folder / "d" / "backups").glob("*.db"))) == 1
        assert world.end_in_order() == "ok"
