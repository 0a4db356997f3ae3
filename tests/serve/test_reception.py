"""The real web server: hot paths on its event loop, everything else in a few threads, and who may hold what up."""

from __future__ import annotations

import asyncio
import fcntl
import http.client
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from app import create_app
from app.accounts import audit, first_start
from app.accounts.sign_in import first_account
from app.core import config_version, lifeline
from app.core.bodies import IN_MEMORY
from app.core.db import write
from app.core.runtime import runtime
from app.core.settings import Settings
from app.pixels import service as pixels
from app.serve.reception.body import FORM, SMALL, Bodies
from app.serve.reception.environ import environ_of
from tests.conftest import SECRETS
from tests.opens.opens_fixtures import upload

ROOT = Path(__file__).parents[2]
TOKEN = "reception-token-0123456789-abcdef"
THREADS = 8  # fewer than what is held up below
PIXEL = "290714800540320"
EVENTS = "/api/tracking/events"


class Server:
    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        told = answer.status, dict(answer.getheaders()), answer.read()
        connection.close()
        return told

    def event(self, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
        given = {"Authorization": f"Bearer {TOKEN}", "Content_Type": "application/json", "Prefer": "respond-async"}
        status, _, answer = self.ask("POST", EVENTS, body, **(given | headers))
        return status, json.loads(answer)

    def load(self, ref: str, **headers: str) -> int:
        return self.ask("GET", f"/image/logo.png?id_fatura={ref}", None, User_Agent="Thunderbird/1", **headers)[0]

    def opens(self, ref: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.folder / "kalitrack.db") as database:
            return database.execute("SELECT ref, hits, address FROM email_open WHERE ref LIKE ?", (ref,)).fetchall()

    def half_sent(self, size: int) -> socket.socket:
        """A request whose body never comes to its end."""
        connection = socket.create_connection(("127.0.0.1", self.port), 10)
        head = (
            f"POST {EVENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
        )
        connection.sendall(f"{head}Content-Length: {size}\r\n\r\n{{".encode())
        return connection


@pytest.fixture(scope="module")
def server(migrated_sqlite: Path, valkey_server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("reception")
    shutil.copy(migrated_sqlite, folder / "kalitrack.db")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    secrets = {name.upper(): value for name, value in SECRETS.items()}
    given = {
        "KALITRACK_DATA_DIR": str(folder), "REDIS_URL": valkey_server_url, "PORT": str(port), "TRACKING_TOKEN": TOKEN,
        "WEB_THREADS": str(THREADS), "TRUSTED_PROXIES": "1", **secrets,
    }  # fmt: skip
    _furnish(given)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with (folder / "out.txt").open("wb") as out:
        process = subprocess.Popen(
            lifeline.launch_command((sys.executable, "-m", "app.serve.web")), cwd=ROOT, env={**kept, **given},
            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
        try:
            found = Server(folder, port)
            _wait_for(found)
            yield found
        finally:
            process.kill()
            process.wait()


def _furnish(variables: dict[str, str]) -> None:
    """The token's client, a pixel, an image."""
    listeners = list(config_version.on_bump)
    app = create_app(Settings.load(variables))
    first_start.prepare(app)
    upload(app)
    with app.app_context(), write() as session:
        actor = audit.system_actor(first_account(session).id)
        pixels.create(actor, {"platform": "kwai", "pixelId": PIXEL, "accessToken": "a-token"})
    config_version.on_bump[:] = listeners
    runtime(app).engine.dispose()


def _wait_for(server: Server) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            server.ask("GET", "/health/live")
            return
        except OSError:
            assert time.monotonic() < deadline, (server.folder / "out.txt").read_text()
            time.sleep(0.1)


def event_body(event_id: str, **more: Any) -> str:
    body = {"pixel_id": PIXEL, "click_id": "c1", "event_name": "EVENT_COMPLETE_REGISTRATION", "event_id": event_id}
    return json.dumps(body | more)


# -- who holds what up ----------------------------------------------------------------------------------------------


def test_bodies_that_never_end_hold_nobody_up(server: Server) -> None:
    halves = [server.half_sent(size) for size in (100, SMALL + 1) for _ in range(2 * THREADS)]
    try:
        assert server.load("half-1") == 200
        assert server.event(event_body("half-2"))[0] == 202
        assert server.ask("GET", "/health/live")[0] == 200
    finally:
        for half in halves:
            half.close()


def test_many_more_loads_than_threads_are_each_stored_once(server: Server) -> None:
    with ThreadPoolExecutor(40) as threads:
        statuses = list(threads.map(server.load, [f"many-{number}" for number in range(200)]))

    assert statuses == [200] * 200
    assert len(server.opens("many-%")) == 200


def test_while_another_process_writes_loads_wait_for_it_and_others_are_answered(server: Server) -> None:
    with (server.folder / "kalitrack.db.lock").open("wb") as lock, ThreadPoolExecutor(3) as threads:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = [threads.submit(server.load, "locked-1"), threads.submit(server.event, event_body("locked-2"))]
        time.sleep(0.4)
        assert server.ask("GET", "/health/live")[0] == 200
        assert not any(each.done() for each in waiting)
        fcntl.flock(lock, fcntl.LOCK_UN)
        load, event = (each.result() for each in waiting)

    assert (load, event[0], len(server.opens("locked-1"))) == (200, 202, 1)


def test_a_stranger_in_the_database_is_waited_for_too(server: Server) -> None:
    with sqlite3.connect(server.folder / "kalitrack.db", isolation_level=None) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(server.load, "stranger-1")
            time.sleep(0.3)
            assert not waiting.done()
            stranger.execute("ROLLBACK")
            assert waiting.result() == 200

    assert len(server.opens("stranger-1")) == 1


def test_an_image_whose_commit_takes_too_long_goes_out_and_its_open_to_the_spool(server: Server) -> None:
    with (server.folder / "kalitrack.db.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        started = time.monotonic()
        assert server.load("spooled-1") == 200
        assert 1.8 < time.monotonic() - started < 4
        fcntl.flock(lock, fcntl.LOCK_UN)
    deadline = time.monotonic() + 10
    while not server.opens("spooled-1"):
        assert time.monotonic() < deadline
        time.sleep(0.1)


# -- requests as they come ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "size", "status"),
    [
        ({}, 64 * 1024, 413),
        ({"Content_Encoding": "gzip"}, 0, 415),
        ({"Content_Type": "text/plain"}, 0, 415),
        ({"Authorization": "Bearer nobody"}, 0, 401),
        ({}, 0, 202),
        ({}, SMALL, 202),
        ({}, 9 * 1024, 202),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_chunked", [False, True])
def test_bodies_of_events(server: Server, headers: dict[str, str], size: int, status: int, is_chunked: bool) -> None:
    body = event_body(f"size-{size}-{is_chunked}", content_name="x" * 30).encode() + b" " * size

    assert server.event(iter([body[:50], body[50:]]) if is_chunked else body, **headers)[0] == status


def test_an_event_sent_twice_is_known_on_the_loop_and_in_a_thread(server: Server) -> None:
    first = server.event(event_body("twice"))
    again = server.event(event_body("twice"))
    in_thread = server.event(event_body("twice"), Prefer="wait=1")

    assert [each[0] for each in (first, again)] == [202, 202]
    assert {each[1]["request_id"] for each in (first, again, in_thread)} == {first[1]["request_id"]}


def test_the_address_is_the_one_that_the_trusted_proxy_tells(server: Server) -> None:
    server.load("proxied-1", X_Forwarded_For="203.0.113.77")

    assert server.opens("proxied-1") == [("proxied-1", 1, "203.0.113.0")]


def test_a_large_file_arrives_whole_and_a_head_tells_its_length(server: Server) -> None:
    file = max((ROOT / "static").rglob("*.js"), key=lambda path: path.stat().st_size)
    path = f"/static/{file.relative_to(ROOT / 'static')}"

    status, headers, body = server.ask("GET", path, Accept_Encoding="identity")
    head = server.ask("HEAD", path, Accept_Encoding="identity")

    assert (status, body) == (200, file.read_bytes())
    assert (head[0], head[2], head[1]["content-length"]) == (200, b"", headers["content-length"])


def test_every_exchange_has_a_name_of_its_own(server: Server) -> None:
    paths = ["/image/logo.png?id_fatura=name-1", "/image/logo.png?id_fatura=name-2", "/health/live", "/image/none.png"]
    names = {server.ask("GET", path)[1]["x-request-id"] for path in paths}

    assert len(names) == len(paths)


def raw(server: Server, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(request)
        return connection.makefile("rb").read()


def test_text_that_is_not_ascii_is_what_was_sent(server: Server) -> None:
    for ref in ("cru-ção", "cru-日本"):
        raw(server, f"GET /image/logo.png?id_fatura={ref} HTTP/1.0\r\nUser-Agent: Thunderbird/1\r\n\r\n".encode())
        assert len(server.opens(ref)) == 1
    assert b" 500 " not in raw(server, "GET /login?next=日 HTTP/1.0\r\n\r\n".encode())


def test_headers_that_cannot_be_read_are_no_way_round(server: Server) -> None:
    body = event_body("unreadable").encode()
    head = (
        f"POST {EVENTS} HTTP/1.0\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
        f"Prefer: respond-async\r\nContent-Length: {len(body)}\r\n"
    )
    # a key that would be lost without a word would let the same event in twice
    assert b" 400 " in raw(server, f"{head}Idempotency-Key: pedido-ção\r\n\r\n".encode() + body).splitlines()[0]
    # and an address that is lost would make the caller this machine itself
    assert b" 403 " in raw(server, "GET /metrics HTTP/1.0\r\nX-Forwarded-For: é\r\n\r\n".encode())
    spoof = "X_Forwarded_For: 127.0.0.1\r\nX-Forwarded-For: 203.0.113.9\r\n"
    assert b" 403 " in raw(server, f"GET /metrics HTTP/1.0\r\n{spoof}\r\n".encode())


def test_a_caller_who_goes_away_leaves_no_traceback(server: Server) -> None:
    for size in (100, SMALL + 1):
        server.half_sent(size).close()
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(b"GET /login HTTP/1.1\r\nHost: x\r\n\r\n")
    assert server.ask("GET", "/health/live")[0] == 200

    assert "Traceback" not in (server.folder / "out.txt").read_text()


# -- its parts ------------------------------------------------------------------------------------------------------


class Scope:
    proto, http_version, server, scheme, method = "http", "1.1", "[::1]:5001", "http", "GET"

    def __init__(self, client: str = "127.0.0.1:5123", path: str = "/", headers: Any = ()) -> None:
        self.client, self.path, self.query_string = client, path, "a=%20"
        self.headers = self
        self._pairs = list(headers)

    def items(self) -> list[tuple[str, str]]:
        return self._pairs

    def keys(self) -> list[str]:
        return [name for name, _ in self._pairs]


def test_the_environment_is_that_of_pep_3333() -> None:
    twice = [("cookie", "a=1"), ("cookie", "b=2"), ("x-one", "1"), ("x-one", "2"), ("content-type", "text/plain")]
    environ = environ_of(Scope("[2001:db8::1]:443", "/é/ş", twice))

    assert environ["PATH_INFO"].encode("latin-1").decode() == "/é/ş"
    assert (environ["REMOTE_ADDR"], environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("2001:db8::1", "[::1]", "5001")
    assert (environ["HTTP_COOKIE"], environ["HTTP_X_ONE"]) == ("a=1; b=2", "1,2")
    assert (environ["CONTENT_TYPE"], environ["QUERY_STRING"], environ_of(Scope(""))["REMOTE_ADDR"]) == (
        "text/plain", "a=%20", "",
    )  # fmt: skip


class Arriving:
    """A body that comes in parts, or hangs after them."""

    def __init__(self, parts: list[bytes], *, hangs: bool = False) -> None:
        self._parts, self._hangs = parts, hangs

    async def __call__(self) -> bytes:
        return b"".join([part async for part in self])

    async def __aiter__(self) -> Any:
        for part in self._parts:
            yield part
        if self._hangs:
            await asyncio.sleep(60)


async def _taken(bodies: Bodies, proto: Arriving, most: int, **environ: str) -> Any:
    await bodies.take(proto, environ, most)
    try:
        return environ["wsgi.input"].read()  # type: ignore[attr-defined]
    except Exception as error:
        return getattr(error, "status", error)


def test_a_large_body_has_its_time_and_its_room() -> None:
    async def all_of_them() -> list[Any]:
        bodies = Bodies(patience_s=0.05, room=100_000)
        length = {"CONTENT_LENGTH": "50000"}  # at SLOWEST that takes a second
        slow = [_taken(bodies, Arriving([b"x"], hangs=True), 60_000, **length) for _ in range(3)]
        late = await asyncio.gather(*slow)
        small = await _taken(bodies, Arriving([b"x"], hangs=True), 60_000, CONTENT_LENGTH="10")
        full = await _taken(bodies, Arriving([b"x" * 110_000]), 120_000, CONTENT_LENGTH="110000")
        whole = await _taken(bodies, Arriving([b"x" * 30_000, b"y" * 20_000]), 60_000, **length)
        endless = await _taken(bodies, Arriving([b"z" * 90_000]), 60_000, HTTP_TRANSFER_ENCODING="chunked")
        form = await _taken(
            bodies, Arriving([b"a=1"]), 60_000, HTTP_TRANSFER_ENCODING="chunked", CONTENT_TYPE=FORM
        )  # fmt: skip
        return [*late, small, full, len(whole), len(endless), form]

    # what has not come takes no room from others; afterwards all of it is free again
    assert asyncio.run(all_of_them()) == [408, 408, 408, 408, 503, 50_000, 60_001, 411]


def test_a_body_too_large_for_memory_goes_to_the_disk_within_its_room() -> None:
    part = b"x" * 1_000_000
    size = IN_MEMORY + 500_000

    async def all_of_them() -> list[Any]:
        bodies = Bodies(room_on_disk=20_000_000)
        of = {"CONTENT_LENGTH": str(size)}
        whole = await _taken(bodies, Arriving([part] * 17 + [part[: size - 17_000_000]]), size, **of)
        broken = await _taken(bodies, Arriving([part] * 3), size, **of)
        two = await asyncio.gather(
            *(_taken(bodies, Arriving([part] * 40), 40_000_000, CONTENT_LENGTH="40000000") for _ in "ab")
        )
        return [len(whole), broken, *two]

    assert asyncio.run(all_of_them()) == [size, 400, 503, 503]
