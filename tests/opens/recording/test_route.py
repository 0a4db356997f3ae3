"""The route of images, case by case: what comes back, and what it left."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import create_app
from app.core import clock, config_version
from app.core.db import begin_write
from app.core.runtime import runtime
from app.core.settings import Settings
from app.opens.links import preview_token, signature
from app.opens.recording import dots
from app.opens.rules import settings as open_settings
from tests.conftest import SECRETS
from tests.opens.opens_fixtures import (
    APPLE,
    CRAWLER,
    GMAIL,
    IPHONE,
    OUTLOOK,
    account_of,
    content_of,
    keys_of,
    loads,
    misses,
    opens,
    recount,
    remove,
    upload,
)
from tests.people import new_account

HEADERS = {
    "Cache-Control": "no-store, no-cache, must-revalidate, max-age=0",
    "Pragma": "no-cache",
    "Expires": "0",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
MAGIC = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/gif": b"GIF89a",
    "image/jpeg": b"\xff\xd8\xff",
    "image/webp": b"RIFF",
}
FILES = {"logo.png": "image/png", "nota.gif": "image/gif", "foto.jpg": "image/jpeg", "capa.webp": "image/webp"}


@pytest.fixture(scope="module")
def app(migrated_sqlite: Path, valkey_server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One app for all of this module: SQLite, since what comes back does not depend on it."""
    folder = tmp_path_factory.mktemp("route")
    shutil.copy(migrated_sqlite, folder / "kalitrack.db")
    listeners = list(config_version.on_bump)
    app = create_app(Settings.load({}, data_dir=folder, redis_url=valkey_server_url, **SECRETS))
    for file, kind in FILES.items():
        upload(app, file=file, content_type=kind)
    yield app
    config_version.on_bump[:] = listeners
    runtime(app).engine.dispose()


@pytest.fixture(autouse=True)
def _nothing_yet(app: Flask) -> None:
    with begin_write(runtime(app).engine) as connection:
        for table in ("email_open", "opened_id", "open_hour", "open_slice_hour", "open_slice_day", "open_miss_hour"):
            connection.execute(text(f"DELETE FROM {table}"))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def with_settings(app: Flask) -> Iterator[Callable[..., FlaskClient]]:
    """`with_settings(trusted_proxies=1)`: another process on the same database, as far as caches go."""
    made: list[Flask] = []
    listeners = list(config_version.on_bump)

    def make(**changes: Any) -> FlaskClient:
        made.append(create_app(runtime(app).settings.model_copy(update=changes)))
        config_version.on_bump[:] = listeners
        return made[-1].test_client()

    yield make
    for one in made:
        runtime(one).engine.dispose()


def left(app: Flask) -> dict[str, int]:
    """Which ids have how many rows."""
    found: dict[str, int] = {}
    for row in opens(app):
        found[row.ref] = found.get(row.ref, 0) + 1
    return found


# -- what comes back ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("file", "kind"), FILES.items())
def test_an_image_comes_as_it_was_uploaded(app: Flask, client: FlaskClient, file: str, kind: str) -> None:
    answer = loads(client, f"/image/{file}?id_fatura=FAT001")

    assert answer.status_code == 200
    headers = dict(answer.headers)
    del headers["X-Request-Id"]
    assert headers == HEADERS | {"Content-Type": kind, "Content-Length": str(len(answer.data))}
    assert answer.data == content_of(kind, file)
    assert left(app) == {"FAT001": 1}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/image/absent.png", "image/png"),
        ("/image/absent.gif", "image/gif"),
        ("/image/absent.jpg", "image/jpeg"),
        ("/image/absent.JPEG", "image/jpeg"),
        ("/image/absent.webp", "image/webp"),
        ("/image/absent.svg", "image/gif"),
        ("/image/absent", "image/gif"),
        ("/image/", "image/gif"),
        ("/image/..%2f..%2fkalitrack.db", "image/gif"),
        ("/image/%2e%2e/kalitrack.db", "image/gif"),
        ("/image/../../etc/passwd", "image/gif"),
        ("/image/a/b/logo.png", "image/png"),
        ("/image/logo.png/", "image/gif"),
        ("/image/logo.png%00.gif", "image/gif"),
        ("/image/logo 1.png", "image/png"),
        ("/image/%E7%E3o.webp", "image/webp"),
        ("/image/" + "a" * 2000 + ".png", "image/png"),
        ("/image/.env", "image/gif"),
        ("/image/nota.gif.png", "image/png"),
        ("/open.gif", "image/gif"),
    ],
)
def test_anything_else_is_one_transparent_pixel_of_the_type_asked_for(
    app: Flask, client: FlaskClient, path: str, kind: str
) -> None:
    answer = loads(client, f"{path}?id_fatura=FAT001")

    assert (answer.status_code, answer.content_type, answer.data) == (200, kind, dict(dots._DOTS)[kind])
    assert answer.data.startswith(MAGIC[kind])
    assert left(app) == {"FAT001": 1}  # the open of the e-mail counts all the same


@pytest.mark.parametrize("path", ["/image/LOGO.PNG", "/image/Logo.png", "/image//logo.png"])
def test_a_name_is_found_whatever_its_case_and_slashes(client: FlaskClient, path: str) -> None:
    assert loads(client, path).data == content_of("image/png", "logo.png")


def test_nothing_makes_it_conditional_partial_or_a_session(app: Flask, client: FlaskClient) -> None:
    client.set_cookie("session", "something")
    asked = {"If_None_Match": "*", "If_Modified_Since": "Sun, 22 Nov 2099 10:00:00 GMT", "Range": "bytes=0-1"}
    answer = loads(client, "/image/logo.png?id_fatura=FAT001", **asked, Accept_Encoding="gzip", Accept="text/html")

    assert (answer.status_code, answer.data) == (200, content_of("image/png", "logo.png"))
    assert answer.content_type == "image/png"
    for name in ("Set-Cookie", "ETag", "Last-Modified", "Location", "Content-Range", "Content-Encoding", "Vary"):
        assert name not in answer.headers
    assert left(app) == {"FAT001": 1}


def test_a_head_gets_the_same_headers_and_leaves_nothing(app: Flask, client: FlaskClient) -> None:
    for path in (
        "/image/logo.png?id_fatura=FAT001",
        "/image/absent.jpg?id_fatura=FAT001",
        "/open.gif?id_fatura=FAT001",
    ):
        head, answer = loads(client, path, method="HEAD"), loads(client, path)
        assert (head.status_code, head.data) == (200, b"")
        assert {**head.headers, "X-Request-Id": ""} == {**answer.headers, "X-Request-Id": ""}
    assert [(row.file, row.hits, row.is_view) for row in opens(app)] == [  # of the GETs, which are one viewing
        ("logo.png", 1, True),
        ("absent.jpg", 1, False),
        ("open.gif", 1, False),
    ]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_another_method_is_refused_and_leaves_nothing(app: Flask, client: FlaskClient, method: str) -> None:
    for path in ("/image/logo.png?id_fatura=FAT001", "/open.gif?id_fatura=FAT001"):
        answer = loads(client, path, method=method)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert left(app) == {}


# -- what it left ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "without_id"),
        ("?", "without_id"),
        ("?id_fatura", "without_id"),
        ("?id_fatura=", "without_id"),
        ("?id_fatura=%20%20", "without_id"),
        ("?id_fatura=%00%0A", "without_id"),
        ("?id_fatura=&id_fatura=FAT001", "without_id"),
        ("?fatura=FAT001", "without_id"),
        ("?id_fatura={{id}}", "unrendered"),
        ("?id_fatura=%7B%7Bid_fatura%7D%7D", "unrendered"),
        ("?id_fatura=[ID]", "unrendered"),
        ("?id_fatura=%25ID%25", "unrendered"),
        ("?id_fatura=%ID%", "unrendered"),
        ("?id_fatura=*|ID|*", "unrendered"),
        ("?id_fatura=FAT-{{id}}", "unrendered"),
    ],
)
def test_without_a_true_id_the_image_comes_and_only_a_counter_moves(
    app: Flask, client: FlaskClient, query: str, reason: str
) -> None:
    answer = loads(client, f"/image/logo.png{query}")

    assert (answer.status_code, answer.data) == (200, content_of("image/png", "logo.png"))
    assert (left(app), misses(app)) == ({}, {(reason, "logo.png"): 1})


def test_files_that_are_not_there_are_counted_by_name(app: Flask, client: FlaskClient) -> None:
    for path in ("absent.png?id_fatura=FAT001", "absent.png", "ABSENT.png?id_fatura=F2", "a/b.png?id_fatura=F3"):
        loads(client, f"/image/{path}")

    assert misses(app) == {
        ("unknown_file", "absent.png"): 3,
        ("unknown_file", ""): 1,
        ("without_id", "absent.png"): 1,
    }
    assert left(app) == {"FAT001": 1, "F2": 1, "F3": 1}


def test_the_pixel_is_no_missing_file(app: Flask, client: FlaskClient) -> None:
    loads(client, "/open.gif?id_fatura=FAT001")
    loads(client, "/open.gif")

    assert misses(app) == {("without_id", "open.gif"): 1}
    assert [row.file for row in opens(app)] == ["open.gif"]


def test_what_a_row_says(app: Flask, client: FlaskClient) -> None:
    loads(
        client, "/image/LOGO.png?id_fatura=cafe%CC%81&x=1", agent=GMAIL, Referer="https://mail.google.com/mail?t=secret"
    )
    (row,) = opens(app)

    assert (row.ref, row.file, row.referer, row.address) == ("café", "logo.png", "mail.google.com/mail", "203.0.113.0")
    assert (row._mapping["class"], row.reason, row.client, row.device) == ("image_proxy", "gmail_proxy", None, None)
    assert (row.hits, row.is_view, row.is_first, row.is_cut, row.is_signed) == (1, True, True, False, False)
    assert abs(clock.now() - row.created_at) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("agent", "headers", "kind"),
    [
        (OUTLOOK, {}, "human"),
        (IPHONE, {}, "human"),
        (GMAIL, {}, "image_proxy"),
        (GMAIL, {"Sec_Purpose": "prefetch"}, "image_proxy"),
        (APPLE, {}, "prefetch"),
        (OUTLOOK, {"Sec_Purpose": "prefetch"}, "prefetch"),
        (OUTLOOK, {"X_Moz": "prefetch"}, "prefetch"),
        (CRAWLER, {}, "bot"),
        ("", {}, "bot"),
    ],
)
def test_each_class_is_counted_where_it_belongs(
    app: Flask, client: FlaskClient, agent: str, headers: dict[str, str], kind: str
) -> None:
    loads(client, agent=agent, **headers)
    (row,) = opens(app)

    assert row._mapping["class"] == kind
    assert row.is_first == (kind in ("human", "image_proxy"))
    with runtime(app).engine.connect() as connection:
        recount(connection, account_of(app))


# -- signatures, previews, accounts ---------------------------------------------------------------------------------


def test_signed_links_with_both_live_keys(app: Flask, client: FlaskClient) -> None:
    account = account_of(app)
    (first,) = keys_of(app).signing[:1]
    with begin_write(runtime(app).engine) as connection:
        version = connection.scalar(
            text("SELECT version FROM open_settings WHERE account_id = :id"), {"id": account.hex}
        )
        keys = open_settings.rotate(connection, runtime(app).vault, account, version)
    upload(app, file="selo.png", signed_only=True)
    cases = {
        "NEW": keys.signing[0],
        "OLD": first,
        "UPPER": keys.signing[0],
    }
    for ref, key in cases.items():
        shown = signature(key, "selo.png", ref)
        loads(client, f"/image/selo.png?id_fatura={ref}&s={shown.upper() if ref == 'UPPER' else shown}")
    wrong = [
        signature(b"x" * 32, "selo.png", "FORGED"),
        signature(first, "logo.png", "FORGED"),
        "",
        "0",
        "ç",
        "a" * 900,
    ]
    for given in wrong:
        answer = loads(client, f"/image/selo.png?id_fatura=FORGED&s={given}")
        assert answer.data == content_of("image/png", "selo.png")
    loads(client, "/image/selo.png?id_fatura=PLAIN")
    loads(client, "/image/logo.png?id_fatura=FORGED&s=0123456789abcdef")  # of an image that takes plain links too

    left_signed = {row.ref: (row.file, row.is_signed) for row in opens(app)}
    assert left_signed == {**dict.fromkeys(cases, ("selo.png", True)), "FORGED": ("logo.png", False)}
    assert misses(app) == {("unsigned", "selo.png"): 7}


def test_a_preview_shows_the_image_and_leaves_nothing(app: Flask, client: FlaskClient) -> None:
    key = keys_of(app).signing[0]
    good = preview_token(key, "logo.png", clock.now() + timedelta(hours=1))

    assert loads(client, f"/image/logo.png?id_fatura=P1&preview={good}").data == content_of("image/png", "logo.png")
    assert (left(app), misses(app)) == ({}, {})

    bad = [
        preview_token(key, "logo.png", clock.now() - timedelta(seconds=1)),
        preview_token(key, "nota.gif", clock.now() + timedelta(hours=1)),
        preview_token(b"x" * 32, "logo.png", clock.now() + timedelta(hours=1)),
        preview_token(key, "logo.png", clock.now() + timedelta(days=30)),
        "1",
    ]
    for number, token in enumerate(bad):
        assert loads(client, f"/image/logo.png?id_fatura=P{number}&preview={token}").status_code == 200
    assert left(app) == {f"P{number}": 1 for number in range(len(bad))}


def test_the_key_names_the_account(app: Flask, client: FlaskClient) -> None:
    other = new_account(app)
    key = keys_of(app, other).account_key
    theirs = content_of("image/png", "of the others")
    upload(app, other, content=theirs)

    assert loads(client, f"/image/logo.png?id_fatura=FAT001&k={key}").data == theirs
    assert loads(client, "/image/logo.png?id_fatura=FAT001").data == content_of("image/png", "logo.png")
    assert (len(opens(app, other)), len(opens(app))) == (1, 1)
    unknown = loads(client, "/image/logo.png?id_fatura=FAT001&k=nobody")
    assert (unknown.status_code, unknown.data) == (200, dots.of("x.png")[1])
    assert (len(opens(app, other)), len(opens(app))) == (1, 1)


# -- addresses ------------------------------------------------------------------------------------------------------


def test_a_forwarded_address_counts_from_a_trusted_proxy_only(
    app: Flask, client: FlaskClient, with_settings: Callable[..., FlaskClient]
) -> None:
    behind = with_settings(trusted_proxies=1)
    cases = {
        "198.51.100.9": "198.51.100.0",
        "1.1.1.1, 198.51.100.9": "198.51.100.0",  # the last one is what our proxy saw
        "2001:db8:7:1::5": "2001:db8:7::",
        "::ffff:198.51.100.9": "198.51.100.0",
        "[2001:db8:7::1]:443": "2001:db8:7::",
        "unknown": "203.0.113.0",
        "": "203.0.113.0",
        "<script>": "203.0.113.0",
    }
    for number, header in enumerate(cases):
        loads(client, f"/image/logo.png?id_fatura=A{number}", X_Forwarded_For=header)
        loads(behind, f"/image/logo.png?id_fatura=B{number}", X_Forwarded_For=header)

    found = {row.ref: row.address for row in opens(app)}
    assert {found[f"A{number}"] for number in range(len(cases))} == {"203.0.113.0"}
    assert [found[f"B{number}"] for number in range(len(cases))] == list(cases.values())


@pytest.mark.parametrize(
    ("mode", "kept"),
    [("full", "203.0.113.7"), ("none", None), ("masked", "203.0.113.0")],
    ids=["full", "none", "masked"],
)
def test_what_is_kept_of_an_address_is_a_setting(app: Flask, client: FlaskClient, mode: str, kept: str | None) -> None:
    keys_of(app)
    with begin_write(runtime(app).engine) as connection:
        connection.execute(text("UPDATE open_settings SET addresses = :mode"), {"mode": mode})
        config_version.bump(connection)
    loads(client)

    assert [row.address for row in opens(app)] == [kept]


# -- changes elsewhere ----------------------------------------------------------------------------------------------


def test_what_another_process_changes_is_seen_at_once(app: Flask, with_settings: Callable[..., FlaskClient]) -> None:
    there = with_settings(redis_url="redis://127.0.0.1:9/0")  # nobody tells it anything
    path = "/image/novo.png?id_fatura=FAT001"
    assert loads(there, path).data == dots.of("novo.png")[1]

    upload(app, file="novo.png", content=content_of("image/png", "one"))
    assert loads(there, path).data == content_of("image/png", "one")
    upload(app, file="novo.png", content=content_of("image/webp", "two"), content_type="image/webp")
    answer = loads(there, path)
    assert (answer.content_type, answer.data) == ("image/webp", content_of("image/webp", "two"))
    remove(app, "novo.png")
    assert loads(there, path).data == dots.of("novo.png")[1]
    assert misses(app) == {("unknown_file", "novo.png"): 2}


def test_own_rules_count_from_the_next_load_on(app: Flask, with_settings: Callable[..., FlaskClient]) -> None:
    there = with_settings(redis_url="redis://127.0.0.1:9/0")
    loads(there, "/image/logo.png?id_fatura=BEFORE", address="192.0.2.55")
    keys_of(app)
    rule = "INSERT INTO open_rule (id, account_id, kind, pattern, class, note, created_at) VALUES "
    with begin_write(runtime(app).engine) as connection:
        account = account_of(app).hex
        for number, (kind, pattern) in enumerate([("network", "192.0.2.0/24"), ("agent", "OneOutlook")]):
            values = (f"{number:032x}", account, kind, pattern, "bot", "", "2026-11-22 00:00:00.000000")
            connection.exec_driver_sql(f"{rule}(?, ?, ?, ?, ?, ?, ?)", values)
        connection.exec_driver_sql("UPDATE open_settings SET rules_version = 7 WHERE account_id = ?", (account,))
        config_version.bump(connection)
    loads(there, "/image/logo.png?id_fatura=NETWORK", address="192.0.2.55", agent=IPHONE)
    loads(there, "/image/logo.png?id_fatura=AGENT")
    with begin_write(runtime(app).engine) as connection:
        connection.exec_driver_sql("DELETE FROM open_rule")
        config_version.bump(connection)

    found = {row.ref: (row._mapping["class"], row.reason, row.rule_version) for row in opens(app)}
    assert found["BEFORE"][:2] == ("human", "no_rule")
    assert found["NETWORK"][:2] == ("bot", "internal")
    assert found["AGENT"] == ("bot", "own:00000001", found["NETWORK"][2])
    assert found["AGENT"][2].endswith(".7")
