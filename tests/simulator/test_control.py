"""The control API, the page for people, the command line and the child process."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from app.core.exchange import Call
from app.core.http import Client
from app.simulator import RemoteSimulator, Simulator, spawn
from tests.simulator.conftest import Send, lead

ROOT = Path(__file__).parents[2]


@pytest.fixture
def remote(simulator: Simulator) -> Any:
    with RemoteSimulator(simulator.url) as remote:
        yield remote


def test_remote_sees_what_the_simulator_has(simulator: Simulator, remote: RemoteSimulator, to_meta: Send) -> None:
    to_meta(lead("a"), lead("b"))
    to_meta(lead("b"))

    assert remote.counts() == simulator.counts()
    assert remote.arrivals == simulator.arrivals == {"a": 1, "b": 2}
    assert remote.first_at == simulator.first_at
    assert remote.received() == simulator.received()
    assert remote.received("facebook", "m1", limit=1) == simulator.received()[1:]
    assert remote.received("kwai") == []


def test_arrivals_come_in_pages(simulator: Simulator, remote: RemoteSimulator, to_meta: Send) -> None:
    for start in range(0, 21_000, 1000):
        to_meta(*[lead(f"event-{start + n}") for n in range(1000)])

    assert len(remote.arrivals) == 21_000


def test_remote_tells_and_takes_back(simulator: Simulator, remote: RemoteSimulator, to_kwai: Send) -> None:
    remote.behave(platform="kwai", kind="throttle", times=5, retry_after_s=1)
    assert to_kwai().status == 429
    assert remote.rules()[0]["left"] == 4
    remote.calm()
    assert to_kwai().ok
    remote.reset()

    assert remote.rules() == []
    assert remote.counts()["calls"] == 0
    with pytest.raises(ValueError, match="explode"):
        remote.behave(kind="explode")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "behaviour", b"[]", 400),
        ("POST", "behaviour", b"{", 400),
        ("POST", "behaviour", b'{"kind": 5}', 400),
        ("POST", "behaviour", b'{"nonsense": 1}', 400),
        ("GET", "received?limit=x", b"", 400),
        ("GET", "nothing", b"", 404),
        ("DELETE", "reset", b"", 404),
    ],
)
def test_control_refuses_what_it_cannot_read(
    simulator: Simulator, client: Client, method: str, path: str, body: bytes, status: int
) -> None:
    reply = client.send(Call(method, f"{simulator.url}/_simulator/{path}", None, {}, body))

    assert reply.status == status
    assert reply.json()["error"]


def test_page_for_people_masks_tokens_and_escapes(simulator: Simulator, client: Client, to_meta: Send) -> None:
    to_meta(lead("<script>alert(1)</script>"), token="EAABsecret")
    simulator.behave(kind="error", platform="kwai")
    page = client.send(Call("GET", simulator.url + "/")).text

    assert "facebook:m1" in page
    assert "&lt;script&gt;" in page
    assert "EAABsecret" not in page
    assert "<script>" not in page


@pytest.mark.parametrize(
    "text",
    [b"GARBAGE\r\n\r\n", b"GET / HTTP/2.0\r\n\r\n", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
     b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
     b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_http_is_refused(simulator: Simulator, text: bytes) -> None:
    with socket.create_connection(("127.0.0.1", simulator.port), 5) as sock:
        sock.sendall(text)
        assert sock.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_requests_in_a_row_on_one_connection_are_answered_in_order(simulator: Simulator) -> None:
    with socket.create_connection(("127.0.0.1", simulator.port), 5) as sock:
        sock.sendall(b"GET /a HTTP/1.1\r\n\r\nGET /_simulator/counts HTTP/1.1\r\nConnection: close\r\n\r\n")
        text = b""
        while piece := sock.recv(65536):
            text += piece

    assert text.index(b" 404 ") < text.index(b" 200 ")


def test_counts_only_keeps_no_bodies(client: Client) -> None:
    with Simulator(keep_bodies=False) as simulator:
        body = {"data": [lead()], "access_token": "t"}
        client.send(Call("POST", f"{simulator.url}/v25.0/1/events", body))

        assert simulator.received()[0].body is None
        assert simulator.arrivals == {"e1": 1}


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "::", "example.com", ""])  # noqa: S104
def test_only_loopback_is_served(host: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        Simulator(host=host)


def test_ipv6_loopback_is_served(client: Client) -> None:
    with Simulator(host="::1") as simulator:
        assert client.send(Call("GET", simulator.url + "/")).ok


def test_command_line_refuses_other_addresses_in_one_line() -> None:
    command = [sys.executable, "-m", "app.simulator", "--host", "0.0.0.0"]  # noqa: S104
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT)

    assert (done.returncode, done.stdout) == (2, "")
    assert "0.0.0.0 is not a loopback address" in done.stderr
    assert "Traceback" not in done.stderr


def test_child_process_serves_until_it_is_stopped(client: Client) -> None:
    with spawn(latency_ms=30, keep_bodies=True) as simulator:
        assert set(simulator.environment) == {"KWAI_EVENTS_URL", "META_GRAPH_URL"}
        body = {"access_token": "t", "clickid": "c", "event_name": "EVENT_PURCHASE", "pixelId": "k1"}
        reply = client.send(Call("POST", simulator.environment["KWAI_EVENTS_URL"], body))
        assert reply.json() == {"result": 1}
        assert reply.duration_ms >= 30
        assert simulator.received()[0].body == body
        process = simulator._process

    assert process is not None
    assert process.returncode == 0


def test_child_process_ends_with_its_parent() -> None:
    code = "from app.simulator import spawn; import os; s = spawn(); print(s._process.pid, flush=True); os._exit(1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=ROOT)
    child = Path(f"/proc/{int(done.stdout)}")
    end = time.monotonic() + 10
    while child.exists() and time.monotonic() < end:
        time.sleep(0.05)

    assert not child.exists()
