"""Receivers of webhooks that misbehave (facts/webhooks-queue.md F8): the outcome of each, and the time it takes.

`pytest -s tests/webhooks/test_receivers.py` prints the table.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socket import socket
from typing import Any

import certifi
import pytest

from app.core import clock
from app.core.exchange import Outcome, Verdict
from app.core.http import Client
from app.core.ids import uuid7
from app.outbound.exchange_one import exchange
from app.webhooks.adapter import Message, Receiver, WebhookCalls
from tests.chaos.product import ROOT
from tests.chaos.receivers import HEAD, TALKS, Authority, Sink, Talk, answer, never_accepts, says, sink, then

TOTAL_S = 0.6
LATE_S = 0.5
SENT, RETRY, THROTTLED, REJECTED, GONE = (
    Verdict.SENT, Verdict.RETRY, Verdict.THROTTLED, Verdict.REJECTED, Verdict.GONE,
)  # fmt: skip
CALLS = WebhookCalls()
MESSAGE = Message(uuid7(), "deal.won", b'{"event":"deal.won"}', clock.now())


def drips(conn: socket, end: threading.Event) -> None:
    while not end.wait(0.2):
        conn.sendall(b"x")


OWN: dict[str, Talk] = {
    "drips-in-head": then(b"HTTP/1.1 200 OK\r\nX-Slow: ", drips),
    "drips-in-body": then(HEAD + b"\r\n", drips),
    "500-drips": then(b"HTTP/1.1 500 No\r\n\r\n", drips),
    "301-inside": says(answer(301, b"", "Location: http://127.0.0.1:9/secret?token=abc")),
    "425": says(answer(425)),
    "503-bare": says(answer(503)),
}
# how it answers -> outcome, its words, the wait that was understood, whether it is tried again for a short time only
ROWS: dict[str, tuple[Verdict, str, float | None, bool]] = {
    **dict.fromkeys(
        ("200", "200-text", "200-html", "200-empty", "204", "hang-in-body", "drips-in-body", "reset-in-body",
         "reset-after-200", "too-short", "too-long", "two-lengths", "chunks-without-end", "bad-chunks", "gzip-bomb",
         "no-gzip", "1-gb"),
        (SENT, "", None, False),
    ),
    **dict.fromkeys(("hang", "hang-in-head", "drips-in-head"), (RETRY, "Timeout", None, False)),
    **dict.fromkeys(("reset", "closes"), (RETRY, "Connection failed", None, False)),
    **dict.fromkeys(("headers-without-end", "http-0.9", "noise"), (RETRY, "Invalid answer", None, False)),
    **{name: (RETRY, f"HTTP {name}", None, True) for name in ("400", "401", "404", "413")},
    **{name: (RETRY, f"HTTP {name}", None, False) for name in ("408", "425", "500")},
    "400-json": (RETRY, "HTTP 400", None, True),
    "500-drips": (RETRY, "HTTP 500", None, False),
    "301": (RETRY, "Redirect not followed", None, True),
    "301-inside": (RETRY, "Redirect not followed: 127.0.0.1", None, True),
    "410": (GONE, "HTTP 410", None, False),
    "429": (THROTTLED, "HTTP 429", 7, False),
    "429-bare": (THROTTLED, "HTTP 429", None, False),
    "429-date": (THROTTLED, "HTTP 429", 120, False),
    "429-past": (THROTTLED, "HTTP 429", 1, False),
    "429-absurd": (THROTTLED, "HTTP 429", None, False),
    "429-years": (THROTTLED, "HTTP 429", 3600, False),
    "429-words": (THROTTLED, "HTTP 429", None, False),
    "503": (THROTTLED, "HTTP 503", 90, False),
    "503-bare": (RETRY, "HTTP 503", None, False),
}  # fmt: skip
NASTY = (
    "200-html", "301", "429-absurd", "500", "reset", "too-short", "two-lengths", "chunks-without-end", "bad-chunks",
    "gzip-bomb", "no-gzip", "1-gb", "headers-without-end", "http-0.9", "noise",
)  # fmt: skip


def called(url: str, through: Client | None = None, *, allow_private: bool = True) -> tuple[Outcome, float]:
    """One message to a receiver at that address, and the seconds it took."""
    client = through or Client(timeout_s=TOTAL_S, pool_size=1, allow_private=allow_private)
    receiver = Receiver(url, ("whsec_" + "QUFB" * 11,))
    started = time.monotonic()
    one = exchange(
        client,
        lambda: CALLS.build([MESSAGE], receiver),
        lambda reply: CALLS.read(reply, [MESSAGE]),
        timeout_s=TOTAL_S,
    )
    took_s = time.monotonic() - started
    if through is None:
        client.close()
    assert isinstance(one.outcome, Outcome)
    assert len(one.response or "") <= 8192 + 1
    return one.outcome, took_s


def shown(name: str, outcome: Outcome, took_s: float) -> None:
    """A row of the table, for people (`-s`)."""
    wait = "" if outcome.after_s is None else f" after {outcome.after_s:.0f} s"
    brief = ", fast phase only" if outcome.is_brief else ""
    print(f"{name:22} {outcome.verdict.value:10} {outcome.detail or '-'}{wait}{brief} [{took_s:.2f} s]")


@pytest.fixture(scope="module")
def server() -> Iterator[Sink]:
    with sink(talks=TALKS | OWN) as found:
        yield found


def test_each_receiver_comes_to_its_outcome_in_time(server: Sink) -> None:
    assert set(ROWS) == {*TALKS, *OWN}
    client = Client(timeout_s=TOTAL_S, allow_private=True)
    with ThreadPoolExecutor(8) as pool:
        made = dict(zip(ROWS, pool.map(lambda name: called(server.url(name), client), ROWS), strict=True))
    client.close()
    for name, (verdict, words, wait_s, is_brief) in ROWS.items():
        outcome, took_s = made[name]
        shown(name, outcome, took_s)
        assert (name, outcome.verdict, outcome.detail, outcome.is_brief) == (name, verdict, words, is_brief)
        assert outcome.after_s == (None if wait_s is None else pytest.approx(wait_s, abs=3)), name
        assert took_s <= TOTAL_S + LATE_S, name
    assert not [path for path in server.heard if "redirected" in path or "secret" in path]


def test_a_receiver_that_never_accepts_and_an_address_that_is_not_allowed(server: Sink) -> None:
    with never_accepts() as url:
        outcome, took_s = called(url)
    shown("hang before accept", outcome, took_s)
    assert (outcome.verdict, outcome.detail) == (RETRY, "Timeout")
    assert took_s <= TOTAL_S + LATE_S

    outcome, took_s = called(server.url("200"), allow_private=False)
    shown("private address", outcome, took_s)
    assert outcome.verdict is REJECTED
    assert outcome.detail == "Address not allowed: it leads to a private or reserved network"


def test_a_slow_body_is_waited_for_two_seconds_at_most(server: Sink) -> None:
    client = Client(timeout_s=20, allow_private=True)
    call = CALLS.build([MESSAGE], Receiver(server.url("drips-in-body"), ("whsec_" + "QUFB" * 11,)))
    reply = client.send(call)
    client.close()

    assert (reply.status, reply.error) == (200, None)
    assert reply.body.startswith(b"xxx")
    assert 1900 <= reply.duration_ms <= 2500


def test_tls_that_is_not_right_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setattr(certifi, "where", lambda: str(authority.file))
    rows: dict[str, tuple[dict[str, Any], Verdict]] = {
        "": ({}, SENT),
        "Certificate expired": ({"ended": True}, RETRY),
        "Certificate is self-signed": ({"own": True}, RETRY),
        "Certificate of another host": ({"address": "127.0.0.2"}, RETRY),
    }
    for words, (certificate, verdict) in rows.items():
        with sink(authority.context(**certificate)) as server:
            outcome, took_s = called(server.url("200"))
        shown(f"TLS {' '.join(certificate) or 'good'}", outcome, took_s)
        assert (outcome.verdict, outcome.detail, len(server.heard)) == (verdict, words, verdict is SENT)
        assert took_s <= TOTAL_S + LATE_S
    with sink() as plain:
        outcome, _ = called(plain.url("200").replace("http:", "https:"))
    assert outcome.verdict is RETRY


CALLER = """
import os, subprocess, sys
from concurrent.futures import ThreadPoolExecutor
from app.core.exchange import Call
from app.core.http import Client

def rss_mb():
    return int(subprocess.check_output(["ps", "-o", "rss=", "-p", str(os.getpid())])) / 1000

client, urls, count = Client(timeout_s=0.3, allow_private=True), sys.argv[2:], int(sys.argv[1])
with ThreadPoolExecutor(8) as pool:
    ask = lambda number: client.send(Call("POST", urls[number % len(urls)], {"a": 1}, is_guarded=True))
    list(pool.map(ask, range(4 * len(urls))))  # what is loaded once is loaded
    before = rss_mb()
    list(pool.map(ask, range(count)))
print(rss_mb() - before)
"""


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.long)])
def test_calls_leave_no_memory_behind(server: Sink, count: int) -> None:
    command = [sys.executable, "-c", CALLER, str(count), *(server.url(name) for name in NASTY)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=100).stdout
    print(json.dumps({"calls": count, "grown_mb": round(float(said), 1)}))

    assert float(said) < 20
