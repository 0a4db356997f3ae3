"""A worker that sleeps through its lease: the other one sends again, and the late result changes nothing."""

import signal
import time

import pytest

from app.simulator.platforms import KWAI
from tests.chaos.load import EVENTS, Client, event
from tests.chaos.product import PATIENCE_S

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_late_result_of_a_stalled_worker_is_only_logged(new_world):
    with new_world("sqlite", latency_ms=1500, WORKERS=1) as world:
        Client(world.product.port).post(EVENTS, event(KWAI, "stalled"))
        wait_until(lambda: world.simulator.arrivals)
        world.product.signal("deliver", signal.SIGSTOP)
        world.product.add_worker(2)
        world.settle()

        world.product.signal("deliver", signal.SIGCONT)
        wait_until(lambda: len(world.books.attempts()) == 2)

        (sight,) = world.books.sights(world.simulator.arrivals)
        assert (sight.status, sight.attempts, sight.arrivals) == ("done", 2, 2)
        assert world.books.attempts()[0] == "sent: "
        assert "came too late" in world.books.attempts()[1]
