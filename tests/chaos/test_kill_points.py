"""One kill at each point of an event's and of an open's way, on a product whose other processes go on."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.core.faults import VARIABLE
from app.opens.models import Open
from app.opens.rules.models import DEFAULT_FOLD_S
from app.outbound.loading import LEASE_CALLS
from app.simulator.platforms import KWAI, META
from tests.chaos.harness import World
from tests.chaos.load import EVENTS, Client, acknowledged, arrival_key, event
from tests.chaos.oracle import Sight
from tests.chaos.readers import FILE, LOGO, over_http
from tests.opens.opens_fixtures import OUTLOOK

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

# point -> (how often the event arrives, how often it is claimed): the table of guarantees, row by row
WORKER_POINTS = {
    "after_claim": (1, 2),
    "before_send": (1, 2),
    "after_send": (2, 2),
    "before_settle": (2, 2),
    "after_settle": (1, 1),
}
WEB_POINTS = ("before_commit", "after_commit", "before_answer", "before_bell")
OPEN_POINTS = {"before_commit": 1, "after_commit": 2, "before_image": 2}  # point -> loads counted, with the repeat
FIRES_WITHIN_S = 60.0
CALLS_S = (6, 30)  # three times this is a lease; where one ended before the last worker's point had struck, the longer


@dataclass
class Killed:
    """What one point did to one event: the answers its client got, and how everybody saw it in the end."""

    event: dict[str, Any]
    platform: str
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    stored_at_the_kill: bool = False
    sight: Sight | None = None
    arrivals: int = 0


@dataclass
class KilledOpen:
    """What one point did to one load of an image, which was repeated until it was answered."""

    ref: str
    first: int
    last: tuple[int, bytes] = (0, b"")
    stored_at_the_kill: int = 0
    rows: int = 0
    hits: int = 0
    is_folded: bool = True  # on a busy machine the next web server takes longer than repeats are one open


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

    def strike_open(self, name: str) -> KilledOpen:
        """The first load runs into it; the mail program tries again."""
        (self._faults / name).touch()
        began = time.monotonic()
        killed = KilledOpen(f"at-{name}", self._load(f"at-{name}")[0])
        self._wait_until(lambda: not (self._faults / name).exists())
        killed.stored_at_the_kill = self._stored(killed.ref)[0]

        def answered() -> bool:
            killed.last = self._load(killed.ref)
            return killed.last[0] != 0

        self._wait_until(answered)
        killed.is_folded = time.monotonic() - began < DEFAULT_FOLD_S
        return killed

    def _load(self, ref: str) -> tuple[int, bytes]:
        try:
            return over_http(self._world.port)(f"/image/{FILE}?id_fatura={ref}", OUTLOOK)
        except (OSError, http.client.HTTPException):
            return 0, b""

    def _stored(self, ref: str) -> tuple[int, int]:
        """Rows and hits."""
        with self._world.books.engine.connect() as connection:
            hits = connection.scalars(select(Open.hits).where(Open.ref == ref)).all()
            return len(hits), sum(hits)

    def look_at_opens(self, killed: dict[str, KilledOpen]) -> None:
        for each in killed.values():
            each.rows, each.hits = self._stored(each.ref)

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


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def struck(
    request: pytest.FixtureRequest, new_world: Any, tell: Any, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Killed], dict[str, KilledOpen]]:
    """Every point struck once. The workers' points come first, so that their leases end while web is being killed."""
    for call_s in CALLS_S:
        faults = tmp_path_factory.mktemp("faults")
        with new_world(request.param, latency_ms=50, WORKERS=3, OUTBOUND_TIMEOUT=call_s, **{VARIABLE: faults}) as world:
            points = Points(world, faults)
            world.open_books.upload()
            began = time.monotonic()
            found = {name: points.strike_worker(name, platform) for name, platform in in_turn(WORKER_POINTS)}
            if time.monotonic() - began >= LEASE_CALLS * call_s:
                continue  # what the first point left came back into the others
            found |= {name: points.strike_web(name, platform) for name, platform in in_turn(WEB_POINTS)}
            opens = {name: points.strike_open(name) for name in OPEN_POINTS}
            settle_s = world.settle()
            points.look(found)
            points.look_at_opens(opens)
            seen = [f"{name} {each.arrivals}×/{each.sight and each.sight.attempts}" for name, each in found.items()]
            seen += [f"open {name} {each.hits}×" for name, each in opens.items()]
            tell(f"kill points · {request.param}: settled {settle_s} s later; arrivals/claims: {', '.join(seen)}")
            return found, opens
    pytest.fail(f"the workers' points did not all strike within {LEASE_CALLS * CALLS_S[-1]} s")


def in_turn(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    return zip(names, cycle((KWAI, META)))


@pytest.fixture(scope="module")
def killed(struck: Any) -> dict[str, Killed]:
    return struck[0]


@pytest.fixture(scope="module")
def killed_opens(struck: Any) -> dict[str, KilledOpen]:
    return struck[1]


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


@pytest.mark.parametrize("point", OPEN_POINTS)
def test_web_killed_there_keeps_the_open_it_committed_and_the_next_load_is_one_more_hit(killed_opens, point):
    found = killed_opens[point]

    assert found.first == 0
    assert found.stored_at_the_kill == (point != "before_commit")
    assert found.last == (200, LOGO)
    hits = OPEN_POINTS[point]
    assert (found.rows, found.hits) == (1 if found.is_folded else hits, hits)
