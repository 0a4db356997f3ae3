"""The database away, slow or full: the image comes all the same, and the open is written once, when it can be."""

from __future__ import annotations

import fcntl
import json
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app
from app.core import clock, config_version
from app.core.db import begin_write
from app.core.runtime import runtime
from app.core.settings import Settings
from app.opens import REPLAYER
from app.opens.models import OpenedId, UserAgent
from app.opens.recording import dots
from app.opens.recording.judge import judge
from app.opens.recording.library import Library
from app.opens.recording.replay import Replayer, pack
from app.opens.recording.spool import NAME, SIZE, Spool
from tests.opens.opens_fixtures import (
    GMAIL,
    account_of,
    asked,
    content_of,
    keys_of,
    loads,
    misses,
    opens,
    record,
    recount,
    upload,
)

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PATH = "/image/logo.png?id_fatura="
AT_ONCE_S = 1.0  # on a busy machine
WAITS_S = 2.0 + AT_ONCE_S


@pytest.fixture
def stranger(settings: Settings) -> Iterator[sqlite3.Connection]:
    """Another process's hold on the file, which our own lock does not know of."""
    connection = sqlite3.connect(str(settings.database_file), isolation_level=None, check_same_thread=False)
    yield connection
    connection.close()


@pytest.fixture
def replay(app: Flask) -> Callable[[], int]:
    """Until nothing waits, whoever does it: the route's own thread may be at it."""

    def until_empty() -> int:
        replayer: Replayer = app.extensions[REPLAYER]
        spool = Spool(runtime(app).settings.data_dir)
        written, deadline = 0, time.monotonic() + 15
        while not spool.is_empty():
            assert time.monotonic() < deadline, "the spool is never emptied"
            written += replayer.replay()
            time.sleep(0.02)
        return written

    return until_empty


@pytest.fixture
def spool(settings: Settings) -> Spool:
    return Spool(settings.data_dir)


def timed(client: FlaskClient, path: str, **options: Any) -> tuple[Any, float]:
    started = time.monotonic()
    answer = loads(client, path, **options)
    return answer, time.monotonic() - started


def agrees(app: Flask) -> None:
    with runtime(app).engine.connect() as connection:
        recount(connection, account_of(app))


@sqlite_only
def test_a_locked_database_delays_the_image_by_two_seconds_and_loses_nothing(
    app: Flask, client: FlaskClient, stranger: sqlite3.Connection, replay: Callable[[], int], spool: Spool
) -> None:
    upload(app)
    loads(client, f"{PATH}BEFORE")
    stranger.execute("BEGIN IMMEDIATE")
    answer, took = timed(client, f"{PATH}FIRST", agent=GMAIL)
    assert (answer.status_code, answer.data) == (200, content_of("image/png", "logo.png"))
    assert 1.9 < took < WAITS_S
    second, took = timed(client, f"{PATH}SECOND")
    assert (second.data, took < AT_ONCE_S) == (answer.data, True)  # nobody waits again for a while
    told = [json.loads(each) for each in spool.read(10).records]
    assert [each["ref"][0] for each in told] == ["FIRST", "SECOND"]
    assert b"203.0.113.7" not in spool.path.read_bytes()
    stranger.execute("ROLLBACK")
    replay()
    time.sleep(0.1)  # the writer gets its turn too, and leaves what was given up

    found = {row.ref: row for row in opens(app)}
    assert len(opens(app)) == 3
    assert [found[ref].id.hex for ref in ("FIRST", "SECOND")] == [each["id"] for each in told]
    assert found["BEFORE"].created_at < found["FIRST"].created_at < found["SECOND"].created_at
    assert (found["FIRST"].reason, found["FIRST"].address) == ("gmail_proxy", "203.0.113.0")
    agrees(app)


def test_what_was_committed_after_all_is_not_written_again(app: Flask, replay: Callable[[], int], spool: Spool) -> None:
    upload(app)
    done = record(app, [asked(f"F{number}", "logo.png" if number else "absent.png") for number in range(3)])
    fresh = asked("NEW")
    for load in done:
        assert spool.append(pack(load.hit, load))
    assert spool.append(pack(fresh, None))  # nothing was known of it but what it asked
    before = misses(app)

    assert replay() in (4, 0)
    spool.append(pack(fresh, None))  # and once more, as after a crash between the commit and the taking out
    replay()
    assert [(row.ref, row.hits) for row in opens(app)] == [("F0", 1), ("F1", 1), ("F2", 1), ("NEW", 1)]
    assert opens(app)[-1].id == fresh.id
    assert misses(app) == before
    agrees(app)


def test_what_cannot_be_read_holds_up_nobody(app: Flask, replay: Callable[[], int], spool: Spool) -> None:
    good = [asked(f"GOOD{number}") for number in range(3)]
    told = json.loads(pack(asked("ODD"), None))
    odd = [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"id": "x"}', b"{}",
        *(json.dumps({name: told[name] for name in told if name != left_out}).encode() for left_out in ("id", "ref")),
        json.dumps(told | {"id": "0" * 31}).encode(),
        json.dumps(told | {"address": "nowhere"}).encode(),
        json.dumps(told | {"account_key": "nobody"}).encode(),
        json.dumps(told | {"verdict": ["martian", "x", "1.0"]}).encode(),
    ]  # fmt: skip
    for number, hit in enumerate(good):
        for each in odd[number::3]:
            spool.append(each)
        spool.append(pack(hit, None))
    replay()

    assert {row.ref for row in opens(app)} == {"GOOD0", "GOOD1", "GOOD2"}
    assert spool.is_empty()
    agrees(app)


@sqlite_only
def test_a_full_spool_is_told(
    app: Flask, client: FlaskClient, stranger: sqlite3.Connection, replay: Callable[[], int], spool: Spool
) -> None:
    upload(app)
    loads(client, f"{PATH}BEFORE")
    spool.prepare()
    with spool.path.open("r+b") as file:
        file.write(struct.pack("<8sQQQ", b"KTSPOOL1", SIZE, SIZE, 0))
    stranger.execute("BEGIN IMMEDIATE")
    answer, took = timed(client, f"{PATH}LOST")
    assert (answer.status_code, answer.data) == (200, content_of("image/png", "logo.png"))
    assert took < WAITS_S
    loads(client, f"{PATH}LOST2")
    stranger.execute("ROLLBACK")
    replay()

    assert [row.ref for row in opens(app)] == ["BEFORE"]
    assert misses(app) == {("unrecorded", ""): 2}
    assert (spool.path.stat().st_size, spool.is_empty()) == (SIZE, True)


@sqlite_only
def test_a_disk_that_fails_costs_the_open_and_not_the_image(
    app: Flask, client: FlaskClient, stranger: sqlite3.Connection, settings: Settings
) -> None:
    upload(app)
    loads(client, f"{PATH}BEFORE")
    spool = settings.data_dir / NAME
    spool.unlink(missing_ok=True)
    spool.mkdir()
    stranger.execute("BEGIN IMMEDIATE")
    answer, took = timed(client, f"{PATH}LOST")
    stranger.execute("ROLLBACK")

    assert (answer.status_code, answer.data) == (200, content_of("image/png", "logo.png"))
    assert took < WAITS_S
    spool.rmdir()
    time.sleep(1.0)  # the pause after a time-out
    assert loads(client, f"{PATH}AFTER").status_code == 200
    assert [row.ref for row in opens(app)] == ["BEFORE", "AFTER"]


@sqlite_only
def test_a_database_that_nobody_has_seen_yet(app: Flask, settings: Settings, tmp_path: Path, spool: Spool) -> None:
    """Nothing is in memory: the pixel comes, and what was asked is judged when the database is there."""
    keys_of(app)
    upload(app, file="selo.png", signed_only=True)
    upload(app)
    listeners = list(config_version.on_bump)
    away = create_app(settings.model_copy(update={"database_url": f"sqlite:///{tmp_path}/nowhere/k.db"}))
    config_version.on_bump[:] = listeners
    there = away.test_client()
    for path in ("/image/logo.png?id_fatura=F1", "/image/selo.png?id_fatura=F2", "/image/logo.png?id_fatura={{id}}"):
        answer, took = timed(there, path)
        assert (answer.status_code, answer.data, took < AT_ONCE_S) == (200, dots.of("x.png")[1], True)
    assert there.head("/image/logo.png").status_code == 200
    assert len(spool.read(10).records) == 3

    state = runtime(app)
    Replayer(spool, state.engine, Library(state.engine, state.vault)).replay()
    assert [(row.ref, row.file, row.image_id.int != 0) for row in opens(app)] == [("F1", "logo.png", True)]
    agrees(app)
    runtime(away).engine.dispose()


def test_the_first_counted_open_may_come_late(app: Flask, replay: Callable[[], int], spool: Spool) -> None:
    early, late = asked("F1", at=clock.now() - timedelta(hours=3), agent=GMAIL), asked("F1")
    record(app, [late])
    spool.append(pack(early, None))
    replay()

    with runtime(app).engine.connect() as connection:
        found = select(OpenedId.views, OpenedId.first_at, OpenedId.last_at)
        assert tuple(connection.execute(found).one()) == (2, early.at, late.at)
        assert len(set(connection.scalars(select(UserAgent.text)))) == 2
    agrees(app)


@sqlite_only
def test_a_double_load_that_comes_late_is_folded_as_it_would_have_been(
    app: Flask, replay: Callable[[], int], spool: Spool
) -> None:
    now = asked("F1")
    record(app, [now])
    for seconds in (60, 59):
        spool.append(pack(asked("F1", at=now.at - timedelta(seconds=seconds)), None))
    replay()

    assert [row.hits for row in opens(app)] == [2, 1]
    agrees(app)


@sqlite_only
def test_a_replay_leaves_another_process_to_its_own(app: Flask, spool: Spool) -> None:
    spool.append(pack(asked("F1"), None))
    with Path(f"{spool.path}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert app.extensions[REPLAYER].replay() == 0
    assert app.extensions[REPLAYER].replay() == 1


@sqlite_only
def test_a_record_says_which_rules_judged_it(app: Flask, replay: Callable[[], int], spool: Spool) -> None:
    """What changes meanwhile does not judge anew: the verdict rests on the whole address, which nobody keeps."""
    keys_of(app)
    state = runtime(app)
    library = Library(state.engine, state.vault)
    account = library.account("")
    assert account is not None
    hit = asked("F1", address="192.0.2.9")
    spool.append(pack(hit, judge(hit, account, None)))
    with begin_write(state.engine) as connection:
        values = ("1" * 32, account.hex, "network", "192.0.2.0/24", "bot", "", "2026-11-22 00:00:00.000000")
        columns = "id, account_id, kind, pattern, class, note, created_at"
        connection.exec_driver_sql(f"INSERT INTO open_rule ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        config_version.bump(connection)
    replay()

    assert [(row._mapping["class"], row.address) for row in opens(app)] == [("human", "192.0.2.0")]
