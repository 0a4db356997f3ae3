"""One kill at each point of the delivery cycle, on a product whose other workers go on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.core.faults import VARIABLE
from app.simulator.platforms import KWAI, META
from tests.chaos.harness import World
from tests.chaos.load import EVENTS, Client, acknowledged, arrival_key, event
from tests.chaos.oracle import Sight

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

# point -> (how often the event arrives, how often it is claimed): the table of guarantees, row by row
WORKER_POINTS = {
    "after_claim": (1, 2),
    "before_send": (1, 2),
    "after_send": (2, 2),
    "before_settle": (2, 2),
    "after_settle": (1, 1),
}
WEB_POINTS = ("before_commit", "after_commit", "before_answer", "before_bell")
FIRES_WITHIN_S = 30.0
CALL_S = 6  # three times this is a lease, and none may end before the last worker's point has struck


@dataclass
class Killed:
    """What one point did to one event: the answers its client got, and how everybody saw it in the end."""

    event: dict[str, Any]
    platform: str
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    stored_at_the_kill: bool = False
    sight: Sight | None = None
    arrivals: int = 0


class Points:
    """Arms a point, sends the event that runs into it, and sends it again as clients do."""

    def __init__(self, world: World, faults: Path) -> None:
        self._world = world
        self._faults = faults
        self._client = Client(world.product.port)

    def strike_worker(self, name: str, platform: str) -> Killed:
        killed = self._new(name, platform)
        killed.answers.append(self._client.post(EVENTS, killed.event))
        self._wait_until(lambda: not (self._faults / name).exists())
        return killed

    def strike_web(self, name: str, platform: str) -> Killed:
        """The first request runs into it; the client repeats it until it is answered."""
        killed = self._new(name, platform)
        killed.answers.append(self._client.post(EVENTS, killed.event, waits=name == "before_answer"))
        self._wait_until(lambda: not (self._faults / name).exists())
        killed.stored_at_the_kill = killed.event["event_id"] in {s.event_id for s in self._world.books.sights({})}

        def answered() -> bool:
            status, body = self._client.post(EVENTS, killed.event)
            if acknowledged(status, body, [killed.event]):
                killed.answers.append((status, body))
            return len(killed.answers) > 1

        self._wait_until(answered)
        return killed

    def look(self, killed: dict[str, Killed]) -> None:
        arrivals = self._world.simulator.arrivals
        sights = {sight.event_id: sight for sight in self._world.books.sights(arrivals)}
        for each in killed.values():
            each.sight = sights.get(each.event["event_id"])
            each.arrivals = arrivals[arrival_key(each.platform, each.event["event_id"])]

    def _new(self, name: str, platform: str) -> Killed:
        (self._faults / name).touch()
        return Killed(event(platform, f"at-{name}"), platform)

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + FIRES_WITHIN_S
        while not condition():
            assert time.monotonic() < deadline, self._world.product.output[-4000:]
            time.sleep(0.05)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def killed(
    request: pytest.FixtureRequest, new_world: Any, tell: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Every point struck once. The workers' points come first, so that their leases end while web is being killed."""
    faults = tmp_path_factory.mktemp("faults")
    with new_world(request.param, latency_ms=50, WORKERS=3, OUTBOUND_TIMEOUT=CALL_S, **{VARIABLE: faults}) as world:
        points = Points(world, faults)
        found = {}
        for number, name in enumerate(WORKER_POINTS):
            found[name] = points.strike_worker(name, (KWAI, META)[number % 2])
        for number, name in enumerate(WEB_POINTS):
            found[name] = points.strike_web(name, (KWAI, META)[number % 2])
        settle_s = world.settle()
        points.look(found)
        seen = {
            name: {"arrivals": each.arrivals, "claims": each.sight and each.sight.attempts}
            for name, each in found.items()
        }
        tell(json.dumps({"test": "kill points", "database": request.param, "settle_s": settle_s, **seen}))
        yield found


@pytest.mark.parametrize("point", WORKER_POINTS)
def test_a_worker_killed_there_loses_nothing_and_doubles_only_what_the_platform_had(killed, point):
    arrivals, claims = WORKER_POINTS[point]
    found = killed[point]

    assert found.answers[0][0] == 202
    assert (found.sight.status, found.arrivals, found.sight.attempts) == ("done", arrivals, claims)


@pytest.mark.parametrize("point", WEB_POINTS)
def test_web_killed_there_keeps_what_it_committed_and_the_repeat_changes_nothing(killed, point):
    found = killed[point]
    first, last = found.answers[0], found.answers[-1]

    assert first[0] == (202 if point == "before_bell" and first[0] else 0)
    assert found.stored_at_the_kill == (point != "before_commit")
    assert last[1].get("duplicate", False) == (point != "before_commit")
    assert (found.sight.status, found.arrivals, found.sight.attempts) == ("done", 1, 1)
