"""Receivers that misbehave, through the product's client and adapters: each ends in time, in the outcome it should.

The rows are the table of facts/webhooks-queue.md §4.5 as the adapters of the platforms have it; what the client alone
does with bad servers is in tests/core/test_http.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import certifi
import pytest

from app.core.exchange import Outcome, Verdict
from app.core.http import Client
from app.core.ids import uuid7
from app.core.settings import Settings
from app.destinations.base import Destination, Event, PixelKey
from app.destinations.kwai import Kwai
from app.destinations.meta import Meta
from app.outbound.exchange_one import Exchange, exchange
from app.outbound.models import Status
from app.outbound.policy import PLATFORM, next_step
from tests.chaos.product import ROOT
from tests.chaos.receivers import REDIRECTED, TALKS, Authority, Sink, never_accepts, sink
from tests.conftest import SECRETS

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]

CALL_S = 1.0
LATE_S = 0.5  # what a call may take beyond that
NOW = datetime.now(UTC)
EVENT = Event(uuid7(), "e1", "EVENT_PURCHASE", NOW, "click-1", {"external_id": ["x"]})
KEY = PixelKey("123456789012345", "token-of-the-pixel")
SENT, RETRY, THROTTLED, AUTH, REJECTED = (
    Verdict.SENT, Verdict.RETRY, Verdict.THROTTLED, Verdict.AUTH, Verdict.REJECTED,
)  # fmt: skip

# how it answers -> the outcome for Kwai, for Meta, its words (of Kwai), the wait that was understood
ROWS: dict[str, tuple[Verdict, Verdict, str, float | None]] = {
    "200": (SENT, SENT, "", None),
    "200-text": (SENT, SENT, "", None),
    "200-html": (RETRY, RETRY, "Unexpected answer", None),
    "200-empty": (RETRY, RETRY, "Unexpected answer", None),
    "204": (RETRY, RETRY, "Unexpected answer", None),
    "301": (RETRY, RETRY, "HTTP 301", None),
    "400": (RETRY, RETRY, "HTTP 400", None),  # a page of words: somebody's proxy
    "400-json": (REJECTED, REJECTED, "Kwai answered result 0", None),
    "401": (AUTH, RETRY, "HTTP 401", None),  # Meta says it by a code
    "404": (RETRY, RETRY, "HTTP 404", None),
    "408": (RETRY, RETRY, "HTTP 408", None),
    "410": (RETRY, RETRY, "HTTP 410", None),  # no platform is gone for good; a subscription may be
    "413": (RETRY, REJECTED, "HTTP 413", None),  # Meta's batch is bisected
    "429": (THROTTLED, THROTTLED, "HTTP 429", 7),
    "429-bare": (THROTTLED, THROTTLED, "HTTP 429", None),
    "429-date": (THROTTLED, THROTTLED, "HTTP 429", 120),
    "429-past": (THROTTLED, THROTTLED, "HTTP 429", 1),
    "429-absurd": (THROTTLED, THROTTLED, "HTTP 429", None),
    "429-years": (THROTTLED, THROTTLED, "HTTP 429", 3600),
    "429-words": (THROTTLED, THROTTLED, "HTTP 429", None),
    "500": (RETRY, RETRY, "HTTP 500", None),
    "503": (RETRY, RETRY, "HTTP 503", 90),
    "hang": (RETRY, RETRY, "Timeout", None),
    "hang-in-head": (RETRY, RETRY, "Timeout", None),
    "hang-in-body": (RETRY, RETRY, "Timeout", None),
    "reset": (RETRY, RETRY, "Connection failed", None),
    "reset-in-body": (RETRY, RETRY, "Connection failed", None),
    "closes": (RETRY, RETRY, "Connection failed", None),
    "too-short": (RETRY, RETRY, "Invalid answer", None),
    "too-long": (SENT, SENT, "", None),
    "two-lengths": (RETRY, RETRY, "Invalid answer", None),
    "chunks-without-end": (RETRY, RETRY, "Too large", None),
    "bad-chunks": (RETRY, RETRY, "Invalid answer", None),
    "gzip-bomb": (RETRY, RETRY, "Too large", None),
    "no-gzip": (RETRY, RETRY, "Invalid answer", None),
    "1-gb": (RETRY, RETRY, "Too large", None),
    "headers-without-end": (RETRY, RETRY, "Invalid answer", None),
    "http-0.9": (RETRY, RETRY, "Invalid answer", None),
    "noise": (RETRY, RETRY, "Invalid answer", None),
}
EITHER = {"reset-after-200"}  # whether the answer was read before the reset is a matter of microseconds


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    client = Client(timeout_s=CALL_S)
    yield client
    client.close()


@pytest.fixture(scope="module")
def call(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Exchange, float]]:
    """`call(Kwai, url)`: one event to a platform at that address, and the seconds it took."""
    folder = tmp_path_factory.mktemp("settings")

    def make(adapter: type[Destination], url: str, through: Client = client) -> tuple[Exchange, float]:
        settings = Settings.load({}, data_dir=folder, kwai_events_url=url, meta_graph_url=url, **SECRETS)
        one = adapter(settings)
        started = time.monotonic()
        found = exchange(
            through, lambda: one.build([EVENT], KEY), lambda reply: one.read(reply, [EVENT]), timeout_s=CALL_S
        )
        return found, time.monotonic() - started

    return make


@pytest.fixture(scope="module")
def table(call: Any, tell: Callable[[object], None]) -> dict[tuple[str, str], tuple[Outcome, float]]:
    """Every row called once by each adapter, all at the same time: those that wait, wait together."""
    with sink() as server, ThreadPoolExecutor(24) as pool:
        wanted = [(name, adapter) for name in (*ROWS, *EITHER) for adapter in (Kwai, Meta)]
        made = list(pool.map(lambda each: call(each[1], server.url(each[0])), wanted))
        found: dict[tuple[str, str], tuple[Outcome, float]] = {}
        for (name, adapter), (one, took_s) in zip(wanted, made, strict=True):
            if took_s > CALL_S + LATE_S:  # of a crowd on a busy machine: alone, it has to be in time
                one, took_s = call(adapter, server.url(name))
            assert isinstance(one.outcome, Outcome)
            found[name, adapter.key] = one.outcome, took_s
        followed = server.heard.count(REDIRECTED)
    verdicts = [each.verdict.value for each, _ in found.values()]
    tell(json.dumps({
        "test": "receivers", "rows": len(found), "slowest_s": round(max(took for _, took in found.values()), 2),
        "followed_redirects": followed, **{name: verdicts.count(name) for name in sorted(set(verdicts))},
    }))  # fmt: skip
    assert not followed
    return found


@pytest.mark.parametrize("name", ROWS)
def test_each_receiver_comes_to_the_outcome_of_the_table_in_time(table, name):
    kwai, meta, words, wait_s = ROWS[name]
    (of_kwai, kwai_s), (of_meta, meta_s) = table[name, Kwai.key], table[name, Meta.key]

    assert (of_kwai.verdict, of_meta.verdict) == (kwai, meta)
    assert words in of_kwai.detail
    assert of_kwai.after_s == (None if wait_s is None else pytest.approx(wait_s, abs=3))
    assert max(kwai_s, meta_s) <= CALL_S + LATE_S


def test_the_table_has_every_receiver():
    assert {*ROWS, *EITHER} == set(TALKS)


def test_a_reset_after_a_whole_answer_is_sent_or_tried_again_and_nothing_else(table):
    assert {table["reset-after-200", adapter.key][0].verdict for adapter in (Kwai, Meta)} <= {SENT, RETRY}


@pytest.mark.parametrize("name", ROWS)
def test_only_a_refusal_ends_a_delivery_and_no_wait_is_longer_than_an_hour(table, name):
    ends = {SENT: Status.DONE, REJECTED: Status.DEAD}
    for adapter in (Kwai, Meta):
        outcome = table[name, adapter.key][0]
        step = next_step(PLATFORM, outcome, 1, NOW, None, 0.0)

        assert step.status == ends.get(outcome.verdict, Status.PENDING)
        assert 0 <= (step.next_at - NOW).total_seconds() <= 3600


def test_a_receiver_that_never_accepts_ends_in_time(call):
    with never_accepts() as url:
        found, took_s = call(Kwai, url)

    assert (found.outcome.verdict, found.outcome.detail) == (RETRY, "Timeout")
    assert took_s <= CALL_S + LATE_S


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize(
    ("certificate", "verdict", "detail"),
    [
        ({}, SENT, ""),
        ({"ended": True}, RETRY, "Connection failed"),
        ({"own": True}, RETRY, "Connection failed"),
        ({"address": "127.0.0.2"}, RETRY, "Connection failed"),
    ],
    ids=["good", "expired", "self-signed", "of another host"],
)
def test_tls_is_believed_only_when_it_is_right_and_the_token_is_not_said_otherwise(
    call, authority, monkeypatch, certificate, verdict, detail
):
    monkeypatch.setattr(certifi, "where", lambda: str(authority.file))
    client = Client(timeout_s=CALL_S)
    with sink(authority.context(**certificate)) as server:
        found, took_s = call(Kwai, server.url("200"), client)
    client.close()

    assert (found.outcome.verdict, found.outcome.detail) == (verdict, detail)
    assert len(server.heard) == (verdict is SENT)
    assert took_s <= CALL_S + LATE_S


# -- memory ---------------------------------------------------------------------------------------------------------

NASTY = (
    "200-html", "301", "429-absurd", "500", "hang-in-body", "reset", "reset-in-body", "too-short", "two-lengths",
    "chunks-without-end", "bad-chunks", "gzip-bomb", "no-gzip", "1-gb", "headers-without-end", "http-0.9", "noise",
)  # fmt: skip
CALLER = """
import os, subprocess, sys
from concurrent.futures import ThreadPoolExecutor
from app.core.exchange import Call
from app.core.http import Client

def rss_mb():
    return int(subprocess.check_output(["ps", "-o", "rss=", "-p", str(os.getpid())])) / 1000

client, urls, count = Client(timeout_s=0.3), sys.argv[2:], int(sys.argv[1])
with ThreadPoolExecutor(8) as pool:
    ask = lambda number: client.send(Call("POST", urls[number % len(urls)], {"a": 1}))
    list(pool.map(ask, range(4 * len(urls))))  # what is loaded once is loaded
    before = rss_mb()
    list(pool.map(ask, range(count)))
print(rss_mb() - before)
"""


def grown_mb(server: Sink, count: int) -> float:
    """By how much a process grows that makes so many calls, eight at a time."""
    command = [sys.executable, "-c", CALLER, str(count), *(server.url(name) for name in NASTY)]
    return float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300).stdout)


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.long)])
def test_calls_to_bad_receivers_leave_no_memory_behind(tell, count):
    with sink() as server:
        grown = grown_mb(server, count)

    tell(json.dumps({"test": "receivers, memory", "calls": count, "grown_mb": round(grown, 1)}))
    assert grown < 20
