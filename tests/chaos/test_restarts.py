"""Restarts: processes asked to stop under load, one after the other; and a database that dies."""

import signal
import time

import pytest

from tests.chaos.harness import pauses
from tests.chaos.product import LEASE_S

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


def test_a_rolling_restart_loses_and_doubles_nothing(new_world, tell):
    def stop_one_after_the_other(until):
        turn = ["deliver", "web", "deliver", "ticker", "deliver", "web", "jobs"]
        for _, part in zip(pauses(until, lambda: 1.2), turn, strict=False):
            if world.product.signal(part, signal.SIGTERM) is not None:
                world.kills[f"{part} (SIGTERM)"] += 1

    with new_world("sqlite", latency_ms=400, WORKERS=2) as world:
        report, found = world.run("rolling restart", 5, 9, stop_one_after_the_other)

        tell(report)
        assert (found.lost, found.wrong, found.duplicates) == ([], [], 0)
        assert report.settle_s < LEASE_S / 2  # nobody left a lease behind
        assert report.kills["deliver (SIGTERM)"] >= 2


def test_postgresql_killed_under_load_loses_nothing(new_world, mortal_postgresql, tell):
    def kill_the_database(until):
        time.sleep(2)
        mortal_postgresql.kill()
        world.kills["postgresql"] += 1
        time.sleep(1)
        mortal_postgresql.start_again()
        world.in_hand.append(world.books.leased())
        time.sleep(max(2.0, until - time.monotonic()))

    with new_world("postgresql") as world:
        report, found = world.run("PostgreSQL killed", 4, 6, kill_the_database)

        tell(report)
        assert (found.lost, found.wrong) == ([], [])
        assert found.duplicates <= report.in_hand_at_kills
        assert report.answers[503] > 0
        assert report.answers.get(500, 0) == 0  # every refusal said that one may come again
