"""Whatever a mail program, scanner or attacker sends: 200, an image whose bytes fit its type, nothing broken stored."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app import create_app
from app.core import config_version, lifeline
from app.core.runtime import runtime
from app.core.settings import Settings
from app.opens.recording import dots
from tests.conftest import SECRETS
from tests.opens.opens_fixtures import account_of, content_of, misses, opens, recount, upload

ROOT = Path(__file__).parents[3]
MAGIC = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/gif": b"GIF89a",
    "image/jpeg": b"\xff\xd8\xff",
    "image/webp": b"RIFF",
}
NASTY = (
    "' OR 1=1 --", '"><script>alert(1)</script>', "=HYPERLINK(\"http://x\")", "+1", "-1", "@x", "\t=1", "${jndi:ldap://x}",
    "../../../etc/passwd", "A" * 8000, "\x00", "\x1b[2J", "\r\nSet-Cookie: x=1", "%0d%0aSet-Cookie:%20x=1", "\ud83d",
    "\u202egnp.x", "e\u0301" * 200, "\ufeff", "\uffff", "\U0001f4a9" * 300, "{{7*7}}", "%s%n%x", "\\", "/", "//", ".",
)  # fmt: skip


@pytest.fixture(scope="module")
def app(migrated_sqlite: Path, valkey_server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copy(migrated_sqlite, folder / "kalitrack.db")
    listeners = list(config_version.on_bump)
    app = create_app(Settings.load({}, data_dir=folder, redis_url=valkey_server_url, trusted_proxies=1, **SECRETS))
    upload(app)
    yield app
    config_version.on_bump[:] = listeners
    runtime(app).engine.dispose()


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def call(app: Flask, path: str, query: str, headers: dict[str, str], method: str = "GET") -> Answer:
    """As a server calls it: text is bytes in Latin-1."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "REMOTE_ADDR": "203.0.113.7",
        "HTTP_HOST": "t.example", "SERVER_NAME": "t", "SERVER_PORT": "80", "wsgi.url_scheme": "http",
    }  # fmt: skip
    environ |= {f"HTTP_{name}": value for name, value in headers.items()}
    told: list[Any] = []
    body = b"".join(app.wsgi_app(environ, lambda *started: told.extend(started)))  # type: ignore[arg-type]
    return Answer(int(told[0][:3]), dict(told[1]), body)


def check(answer: Answer) -> None:
    assert answer.status == 200
    assert answer.body.startswith(MAGIC[answer.headers["Content-Type"]])
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert not {"Set-Cookie", "Location", "ETag", "Last-Modified"} & set(answer.headers)
    for name, value in answer.headers.items():
        assert "\r" not in name + value
        assert "\n" not in name + value


wire = st.text(st.characters(min_codepoint=0, max_codepoint=255), max_size=120)  # any bytes
known = st.sampled_from([each.encode("utf-8", "replace").decode("latin-1") for each in NASTY])
parts = st.lists(
    st.tuples(st.sampled_from(["id_fatura", "k", "s", "preview", "id%5ffatura", "", "x"]), wire | known), max_size=4
)
HEADERS = (
    "USER_AGENT", "REFERER", "X_FORWARDED_FOR", "SEC_PURPOSE", "PURPOSE", "X_MOZ", "COOKIE", "IF_NONE_MATCH",
    "RANGE", "ACCEPT_ENCODING", "X_FORWARDED_PROTO", "ORIGIN", "AUTHORIZATION", "X_REQUEST_ID",
)  # fmt: skip


@example("logo.png", [("id_fatura", "\xff\xfe\x00")], {"USER_AGENT": "\xff\xfe\x00", "REFERER": "http://\xff/\x00"})
@example("logo.png", [("id_fatura", "FAT"), ("preview", "5f5e100.\xff")], {"X_FORWARDED_FOR": "1.2.3.4\x00"})
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(["logo.png", "LOGO.png", "x.jpeg", "x.webp", "x.gif", "x", ""]) | wire,
    query=parts,
    headers=st.dictionaries(st.sampled_from(HEADERS), wire | known, max_size=6),
)
def test_anything_is_answered_with_an_image(
    app: Flask, caplog: pytest.LogCaptureFixture, path: str, query: list[tuple[str, str]], headers: dict[str, str]
) -> None:
    text = "&".join(f"{name}={value}" for name, value in query)

    with caplog.at_level(logging.ERROR):
        check(call(app, f"/image/{path}", text, headers))
        check(call(app, "/open.gif", text, headers))
        head = call(app, f"/image/{path}", text, headers, "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert caplog.messages == []  # the image comes whatever breaks: nothing did


def test_all_of_it_was_stored_whole_and_the_figures_agree(app: Flask) -> None:
    """After the test above; and with each nasty text in every place."""
    for text in NASTY:
        raw = text.encode("utf-8", "replace").decode("latin-1")
        names = ("USER_AGENT", "REFERER", "X_FORWARDED_FOR")
        check(call(app, f"/image/{raw}", f"id_fatura={raw}&k=&s={raw}&preview={raw}", dict.fromkeys(names, raw)))

    rows = opens(app)
    assert len(rows) >= len(NASTY) / 2
    for row in rows:
        for value in (row.ref, row.file, row.address or "", row.referer or "", row.reason):
            assert value.isprintable() or not any(ord(each) < 32 or 0xD800 <= ord(each) < 0xE000 for each in value)
    assert all(len(file) <= 100 for _, file in misses(app))
    with runtime(app).engine.connect() as connection:
        recount(connection, account_of(app))


# -- through the server ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def port(app: Flask) -> Iterator[int]:
    """The product's own web server, on the same database."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    state = runtime(app).settings
    given = {"KALITRACK_DATA_DIR": str(state.data_dir), "REDIS_URL": state.redis_url or "", "PORT": str(port)}
    secrets = {name.upper(): value for name, value in SECRETS.items()}
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    process = subprocess.Popen(
        lifeline.launch_command((sys.executable, "-m", "app.serve.web")), cwd=ROOT, env={**kept, **given, **secrets},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.kill()
        process.wait()


def send(port: int, *requests: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """Requests on one connection, as bytes; what came back of each."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        file = connection.makefile("rb")
        answers = []
        for each in requests:
            connection.sendall(each)
            status = int(file.readline().split()[1])
            headers = {}
            while line := file.readline().strip():
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            has_body = not each.startswith(b"HEAD")
            answers.append((status, headers, file.read(int(headers.get("content-length", 0))) if has_body else b""))
        return answers


def request(target: bytes, method: bytes = b"GET", extra: bytes = b"") -> bytes:
    return b"%s %s HTTP/1.1\r\nHost: t.example\r\nUser-Agent: Thunderbird/1\r\n%s\r\n" % (method, target, extra)


def test_a_head_has_no_body_and_the_length_of_the_image(app: Flask, port: int) -> None:
    head, get = send(
        port,
        request(b"/image/logo.png?id_fatura=H1", b"HEAD"),
        request(b"/image/logo.png?id_fatura=H2"),  # on the same connection: a body too much would be read here
    )

    assert (head[0], get[0]) == (200, 200)
    assert head[1]["content-length"] == get[1]["content-length"] == str(len(content_of("image/png", "logo.png")))
    assert (head[1]["content-type"], get[2]) == ("image/png", content_of("image/png", "logo.png"))
    assert [row.ref for row in opens(app) if row.ref in ("H1", "H2")] == ["H2"]


RAW: dict[bytes, tuple[str, str | None]] = {  # what is asked: the type that comes, the id that is stored
    b"/image/logo.png?id_fatura=S1%00%0d%0a": ("image/png", "S1"),
    b"/image/logo.png?id_fatura=S2%F0%9F%92%A9%ED%A0%80": ("image/png", "S2\U0001f4a9\ufffd\ufffd\ufffd"),
    b"/image/logo.png?id_fatura=S3&amp;x=1": ("image/png", "S3"),
    b"/image/logo.png?x=1&amp;id_fatura=S4": ("image/png", "S4"),
    b"/image/logo.png?id_fatura=S5" + b"A" * 8000: ("image/png", "S5" + "A" * 253),
    b"/image/a%2Flogo.png?id_fatura=S6": ("image/png", "S6"),
    b"/image/..%2f..%2fetc%2fpasswd.webp?id_fatura=S7": ("image/webp", "S7"),
    b"/image/%2e%2e/%2e%2e/etc/passwd?id_fatura=S8": ("image/gif", "S8"),
    b"/image//logo.png?id_fatura=S9": ("image/png", "S9"),
    b"//image/logo.png?id_fatura=S15": ("image/png", "S15"),
    b"/image/logo.png%00.gif?id_fatura=S10": ("image/gif", "S10"),
    b"/image/%ff%fe.jpg?id_fatura=S11": ("image/jpeg", "S11"),
    b"/image/LOGO.PNG?id_fatura=S12": ("image/png", "S12"),
    b"/open.gif?id_fatura=S13": ("image/gif", "S13"),
    b"/image/?id_fatura=S14": ("image/gif", "S14"),
}


@pytest.mark.parametrize("target", RAW, ids=lambda target: target.decode()[:40])
def test_what_comes_through_the_server(app: Flask, port: int, target: bytes) -> None:
    kind, ref = RAW[target]
    ((status, headers, body),) = send(port, request(target))

    assert (status, headers["content-type"]) == (200, kind)
    assert body.startswith(MAGIC[kind])
    assert "set-cookie" not in headers
    assert ref in {row.ref for row in opens(app)}


def test_a_request_without_agent_or_with_a_body_is_answered_too(app: Flask, port: int) -> None:
    bare = b"GET /image/logo.png?id_fatura=B1 HTTP/1.1\r\nHost: t\r\n\r\n"
    with_body = request(b"/image/logo.png?id_fatura=B2", extra=b"Content-Length: 5\r\n") + b"hello"
    chunked = (
        request(b"/image/logo.png?id_fatura=B3", extra=b"Transfer-Encoding: chunked\r\n") + b"5\r\nhello\r\n0\r\n\r\n"
    )
    answers = send(port, bare, with_body, request(b"/image/x.gif?id_fatura=B4"), chunked, request(b"/open.gif"))

    assert [status for status, *_ in answers] == [200] * 5
    assert answers[-1][2] == dots.of("open.gif")[1]
    found = {row.ref: row._mapping["class"] for row in opens(app) if row.ref.startswith("B")}
    assert found == {"B1": "bot", "B2": "human", "B3": "human", "B4": "human"}


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"FOO"])
def test_another_method_is_refused(port: int, method: bytes) -> None:
    ((status, headers, _body),) = send(port, request(b"/image/logo.png?id_fatura=M", method, b"Content-Length: 0\r\n"))

    assert status in (400, 405)
    assert status == 400 or headers["allow"] == "GET, HEAD"


def test_both_databases_keep_the_nastiest(
    make_settings: Callable[..., Settings], migrated_postgresql: str, emptied_postgresql: Callable[[], None]
) -> None:
    listeners = list(config_version.on_bump)
    app = create_app(make_settings(database_url=migrated_postgresql))
    emptied_postgresql()
    try:
        for number, text in enumerate(NASTY):
            raw = text.encode("utf-8", "surrogatepass").decode("latin-1")
            headers = {"USER_AGENT": raw, "REFERER": f"https://x.example/{raw}"}
            check(call(app, f"/image/{raw}", f"id_fatura=N{number}-{raw}&s={raw}", headers))

        assert {row.ref.partition("-")[0] for row in opens(app)} == {
            f"N{number}" for number in range(len(NASTY)) if NASTY[number] not in ("{{7*7}}", "${jndi:ldap://x}")
        }
        with runtime(app).engine.connect() as connection:
            recount(connection, account_of(app))
    finally:
        config_version.on_bump[:] = listeners
        runtime(app).engine.dispose()
