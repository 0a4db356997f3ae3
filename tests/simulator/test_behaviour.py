"""Every way in which a platform can be told to misbehave."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.simulator import Simulator
from tests.simulator.conftest import Send, lead


@pytest.mark.parametrize(
    ("told", "status", "code", "subcode"),
    [
        ({"kind": "refuse"}, 400, 100, 2804001),
        ({"kind": "throttle"}, 400, 4, None),
        ({"kind": "throttle", "status": 429, "retry_after_s": 3}, 429, 4, None),
        ({"kind": "expire"}, 401, 190, 463),
    ],
)
def test_meta_says_no_in_its_own_shape(
    simulator: Simulator, to_meta: Send, told: dict[str, Any], status: int, code: int, subcode: int | None
) -> None:
    simulator.behave(platform="facebook", **told)
    reply = to_meta(lead())

    error = reply.json()["error"]
    assert (reply.status, error["code"], error.get("error_subcode")) == (status, code, subcode)
    assert reply.headers.get("Retry-After") == ("3" if "retry_after_s" in told else None)
    assert not simulator.arrivals


@pytest.mark.parametrize(("kind", "status"), [("refuse", 200), ("throttle", 429), ("expire", 401)])
def test_kwai_says_no_in_its_own_shape(simulator: Simulator, to_kwai: Send, kind: str, status: int) -> None:
    simulator.behave(platform="kwai", kind=kind, retry_after_s=2)
    reply = to_kwai()

    assert reply.status == status
    assert reply.json()["result"] != 1
    assert reply.headers.get("Retry-After") == ("2" if kind == "throttle" else None)


@pytest.mark.parametrize(
    ("told", "status", "error"),
    [
        ({"kind": "error"}, 500, None),
        ({"kind": "error", "status": 503}, 503, None),
        ({"kind": "html"}, 502, None),
        ({"kind": "hang"}, None, "Timeout"),
        ({"kind": "reset"}, None, "Connection failed"),
        ({"kind": "drop"}, None, "Connection failed"),
        ({"kind": "endless"}, None, "Too large"),
        ({"kind": "lose"}, None, "Connection failed"),
    ],
)
def test_platform_fails_as_told_and_recovers(
    simulator: Simulator, to_kwai: Send, to_meta: Send, told: dict[str, Any], status: int | None, error: str | None
) -> None:
    assert to_kwai(clickid="before").ok
    simulator.behave(**told)
    for reply in (to_kwai(timeout_s=0.4), to_meta(lead(), timeout_s=0.4)):
        assert (reply.status, reply.error) == (status, error)
        assert reply.json().get("result") != 1
    simulator.behave(kind="answer")

    assert to_kwai(clickid="after").ok
    assert len(simulator.arrivals) == (4 if told["kind"] == "lose" else 2)
    assert [call.status for call in simulator.received()] == [200, status, status, 200]


def test_page_of_a_proxy_is_html(simulator: Simulator, to_meta: Send) -> None:
    simulator.behave(kind="html")
    reply = to_meta(lead())

    assert reply.headers["Content-Type"] == "text/html"
    assert reply.text.startswith("<html>")


def test_rule_is_for_its_platform_and_pixel_only(simulator: Simulator, to_kwai: Send, to_meta: Send) -> None:
    simulator.behave(platform="facebook", pixel="m1", kind="error")

    assert to_meta(lead(), pixel="m1").status == 500
    assert to_meta(lead(), pixel="m2").ok
    assert to_kwai().ok


def test_rule_holds_for_so_many_calls(simulator: Simulator, to_kwai: Send) -> None:
    simulator.behave(kind="error", times=2)

    assert [to_kwai().status for _ in range(4)] == [500, 500, 200, 200]
    assert simulator.rules() == []


def test_rule_holds_for_so_long(simulator: Simulator, to_kwai: Send) -> None:
    simulator.behave(kind="error", seconds=0.3)
    first = to_kwai().status
    time.sleep(0.35)

    assert (first, to_kwai().status) == (500, 200)


def test_chance_is_repeatable_by_its_seed(simulator: Simulator, to_kwai: Send) -> None:
    runs = []
    for seed in (1, 1, 2):
        simulator.calm()
        simulator.behave(kind="error", probability=0.4, seed=seed)
        runs.append([to_kwai().status for _ in range(40)])

    assert runs[0] == runs[1] != runs[2]
    assert 5 < runs[0].count(500) < 28


def test_newest_rule_decides_and_the_older_one_returns(simulator: Simulator, to_kwai: Send) -> None:
    simulator.behave(kind="error")
    simulator.behave(kind="throttle", times=1)

    assert [to_kwai().status for _ in range(2)] == [429, 500]


def test_going_back_to_normal_keeps_the_rules_of_others(simulator: Simulator, to_kwai: Send, to_meta: Send) -> None:
    simulator.behave(platform="facebook", kind="error")
    simulator.behave(platform="kwai", kind="error")
    simulator.behave(platform="kwai", kind="answer")

    assert (to_kwai().status, to_meta(lead()).status) == (200, 500)


def test_latency_is_added_to_answers_and_failures(simulator: Simulator, to_kwai: Send, to_meta: Send) -> None:
    simulator.behave(latency_ms=200, platform="kwai")
    simulator.behave(kind="error", times=1)

    assert to_kwai().duration_ms >= 200
    assert 200 <= to_kwai().duration_ms < 400
    assert to_meta(lead()).duration_ms < 150


def test_waiting_and_hanging_calls_hold_nobody(simulator: Simulator, to_kwai: Send, to_meta: Send) -> None:
    simulator.behave(kind="hang", platform="kwai")
    simulator.behave(latency_ms=300, platform="facebook")
    with ThreadPoolExecutor(64) as pool:
        hanging = [pool.submit(to_kwai, timeout_s=1.5) for _ in range(30)]
        started = time.monotonic()
        waiting = [pool.submit(to_meta, lead(str(n))) for n in range(30)]
        assert all(future.result().ok for future in waiting)
        assert time.monotonic() - started < 1.2
        assert {future.result().error for future in hanging} == {"Timeout"}


@pytest.mark.parametrize(
    "told", [{"kind": "explode"}, {"platform": "tiktok"}, {"probability": 2}, {"times": -1}, {"seconds": "x"}, {"a": 1}]
)
def test_unknown_behaviour_is_an_error(simulator: Simulator, told: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        simulator.behave(**told)
    assert simulator.rules() == []
