"""One call made and read: whatever an adapter or a platform does, there is an outcome, and no secret in it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from app.core.exchange import Call, Outcome, Reply, Verdict
from app.core.http import Client
from app.outbound.exchange_one import Exchange, exchange
from app.outbound.results import How
from app.simulator import Simulator


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client(timeout_s=2)
    yield client
    client.close()


def call(simulator: Simulator, **body: Any) -> Call:
    return Call("POST", f"{simulator.url}/log/common/api", {"access_token": "x", **body})


def quoted(reply: Reply) -> Outcome:
    return Outcome.rejected(f"Refused: {reply.text}")


def test_what_was_read_comes_with_status_answer_and_time(client: Client, simulator: Simulator) -> None:
    one = exchange(client, lambda: call(simulator, clickid="c"), lambda _reply: Outcome.sent("ok"), timeout_s=2)
    assert (one.outcome, one.how, one.http_status, one.fault) == (Outcome.sent("ok"), How.CALL, 200, None)
    assert one.response is not None
    assert "missing event_name" in one.response


@pytest.mark.parametrize("secret", ["missing event_name", "a word of no answer"])
def test_a_quoted_secret_is_taken_out_before_anybody_reads_it(
    client: Client, simulator: Simulator, secret: str
) -> None:
    one = exchange(client, lambda: call(simulator), quoted, timeout_s=2, secret=secret)
    assert isinstance(one.outcome, Outcome)
    assert secret not in one.outcome.detail + str(one.response)


ODD = 'kw/a+b=c&d%e"f\\gäh'
QUOTES = [
    ODD,
    json.dumps({"error_msg": ODD}),
    json.dumps({"error_msg": ODD}, ensure_ascii=False).replace("/", "\\/"),
    json.dumps({"error_msg": json.dumps({"access_token": ODD, "clickid": "c"})}),
    f"https://platform.example/?t={quote(ODD, safe='')}",
    urlencode({"t": ODD}),
]


@pytest.mark.parametrize("answer", QUOTES)
def test_a_secret_is_found_however_an_answer_quotes_it(client: Client, requests_mock: Any, answer: str) -> None:
    requests_mock.post("https://platform.example/", text=answer)
    one = exchange(client, lambda: Call("POST", "https://platform.example/", {}), quoted, timeout_s=2, secret=ODD)
    assert isinstance(one.outcome, Outcome)
    for said in (one.outcome.detail, str(one.response)):
        assert "a+b=c" not in said
        assert "a%2Bb" not in said


def test_a_word_for_a_token_does_not_change_how_an_answer_is_read(client: Client, requests_mock: Any) -> None:
    requests_mock.post("https://platform.example/", json={"result": 1})
    call_ = Call("POST", "https://platform.example/", {})
    one = exchange(client, lambda: call_, lambda reply: Outcome.sent(str(reply.json())), timeout_s=2, secret="1")
    assert one.outcome == Outcome.sent("{'result': 1}")


def fail(*_: Any) -> Any:
    raise KeyError("a defect")


FAULTS = [("built", How.UNBUILT, None), ("read", How.CALL, 200)]


@pytest.mark.parametrize(("verb", "how", "status"), FAULTS)
def test_a_defect_of_ours_is_a_refusal_with_the_fault_to_log(
    client: Client, simulator: Simulator, verb: str, how: How, status: int | None
) -> None:
    build = fail if verb == "built" else lambda: call(simulator)
    one = exchange(client, build, fail if verb == "read" else quoted, timeout_s=2)
    assert (one.outcome, one.how) == (Outcome.rejected(f"Could not be {verb} (KeyError)"), how)
    assert (one.http_status, type(one.fault)) == (status, KeyError)


def test_nobody_there_and_a_cut_are_outcomes_too(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    nobody = Call("POST", f"http://127.0.0.1:{port}/", {})

    def send() -> Exchange:
        return exchange(client, lambda: nobody, lambda reply: Outcome.retry(reply.error or ""), timeout_s=1)

    assert send().outcome == Outcome.retry("Connection failed")
    client.cut()
    cut = send()
    assert (cut.how, cut.outcome) == (How.CUT, Outcome(Verdict.RETRY, "Cut by shutdown: it may have arrived"))
