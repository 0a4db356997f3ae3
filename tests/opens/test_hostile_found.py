"""What a hostile client found: each was wrong once."""

from __future__ import annotations

import re
import shutil
import time
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from json import dumps
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.errors import Invalid
from app.core.runtime import runtime
from app.opens.ids import clean
from app.opens.images.formats import MAX_PIECES
from app.opens.images.picture import read_picture
from app.opens.recording.hit import read_hit
from app.opens.recording.recorder import BURST
from app.opens.recording.spool import Spool
from tests.opens.opens_fixtures import CRAWLER, account_of, asked, keys_of, loads, opens, record, recount
from tests.people import bearer, new_user, sign_in

START = datetime(2026, 11, 20, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'kalitrack.db')}"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The database does not matter here."""
    return sqlite_url


@pytest.mark.parametrize("text", ["a" * 254 + " b", "é" * 254 + "\u2003b", "a" * 300, " x ", "{" * 300])
def test_what_is_stored_of_an_id_is_found_by_itself(text: str) -> None:
    stored = clean(text)

    assert clean(stored.text).text == stored.text
    assert stored.is_cut == (len(text) > 255)


def test_a_person_counts_who_looks_just_after_the_browser_fetched_ahead(app: Flask) -> None:
    record(app, [asked(at=START, is_ahead=True), asked(at=START + 3 * SECOND), asked(at=START + 4 * SECOND)])

    rows = [(row._mapping["class"], row.hits, row.is_view, row.is_first) for row in opens(app)]
    assert rows == [("prefetch", 1, True, False), ("human", 2, True, True)]
    with runtime(app).engine.connect() as connection:
        recount(connection, account_of(app))


def test_a_flood_of_machines_does_not_hide_that_a_person_opened(app: Flask) -> None:
    machines = (
        asked(at=START + number * SECOND, agent=CRAWLER, address=f"203.{number}.1.7") for number in range(BURST + 20)
    )
    record(app, machines)
    record(app, [asked(at=START + timedelta(minutes=30 + number)) for number in range(3)])

    rows = opens(app)
    assert len(rows) == BURST + 1
    assert [row._mapping["class"] for row in rows if row.is_first] == ["human"]
    assert sum(row.hits for row in rows) == BURST + 20 + 3
    with runtime(app).engine.connect() as connection:
        recount(connection, account_of(app))


def test_a_form_sent_twice_rotates_the_key_once(app: Flask) -> None:
    """Twice would end the links that are signed with the key of the moment, which mails carry."""
    before = keys_of(app).signing[0]
    admin = sign_in(app, new_user(app))
    action = re.search(r'action="(/opens/settings/rotate[^"]*)"', admin.get("/opens/settings").text)
    assert action is not None

    for _ in range(2):
        assert admin.submit(action[1], {"confirm_name": "Kalitrack"}).status_code == 303

    after = keys_of(app).signing
    assert (len(after), after[1]) == (2, before)


def test_a_cursor_of_the_last_day_of_the_calendar_ends_the_list(app: Flask) -> None:
    loads(app.test_client())
    forged = {"o": "-created_at,-id", "v": ["9999-12-31T23:59:59+00:00", "f" * 32]}
    after = urlsafe_b64encode(dumps(forged).encode()).decode().rstrip("=")

    answer = sign_in(app, new_user(app)).get("/opens/log", query_string={"class": "human", "after": after})

    assert answer.status_code == 200


@pytest.mark.parametrize("sent_at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_at_the_end_of_the_calendar_is_refused(app: Flask, sent_at: str) -> None:
    client, token = app.test_client(), bearer(app, new_user(app))
    period = {"name": "x", "startsAt": "2026-11-20T00:00:00Z", "endsAt": "2026-11-27T00:00:00Z"}
    mailing = client.post("/api/mailings", json=period, headers=token).get_json()["id"]

    answer = client.post(f"/api/mailings/{mailing}/ids", json={"ids": ["a"], "sentAt": sent_at}, headers=token)

    assert (answer.status_code, list(answer.get_json()["fields"])) == (400, ["sentAt"])


def test_what_two_people_delete_at_once_is_gone_for_the_second(app: Flask) -> None:
    """Each reads the mailing, takes its ids off in transactions of their own, and looks at it again."""
    token = bearer(app, new_user(app))
    period = {"name": "x", "startsAt": "2026-11-20T00:00:00Z", "endsAt": "2026-11-27T00:00:00Z"}
    mailing = app.test_client().post("/api/mailings", json=period, headers=token).get_json()["id"]

    with ThreadPoolExecutor(4) as several:
        url = f"/api/mailings/{mailing}"
        answers = several.map(lambda _: app.test_client().delete(url, headers=token).status_code, range(4))

    assert sorted(set(answers) - {404}) == [204]


@pytest.mark.parametrize("raw", [b"\xff\xd8" + b"\xff\xe5\0\x02" * 1_200_000, b"\xff\xd8\xff" + b"\xff" * 4_000_000])
def test_a_file_of_millions_of_empty_parts_is_refused_at_once(raw: bytes) -> None:
    started = time.process_time()

    with pytest.raises(Invalid):
        read_picture(raw)

    assert time.process_time() - started < 1
    assert len(raw) > MAX_PIECES


def test_only_what_is_looked_at_is_decoded() -> None:
    query = "x=" + "%" * 30_000 + "&id_fatura=" + "%C3%A7" * 5_000 + "&k=b%41"
    started = time.process_time()

    hit = read_hit({"QUERY_STRING": query}, "logo.png")

    assert time.process_time() - started < 0.05
    assert (hit.ref.text, hit.ref.is_cut, hit.account_key) == ("ç" * 255, True, "bA")


class TestOnBothDatabases:
    @pytest.fixture(params=["sqlite", "postgresql"])
    def database_url(self, request: pytest.FixtureRequest, sqlite_url: str) -> str:
        if request.param == "sqlite":
            return sqlite_url
        url: str = request.getfixturevalue("migrated_postgresql")
        return url

    @pytest.mark.parametrize("key", ["\x00", "abc\x00", "ção", "a b", "'--", "x" * 70])
    def test_a_key_that_no_account_can_have_leaves_nothing(self, app: Flask, client: FlaskClient, key: str) -> None:
        """PostgreSQL fails at a NUL, which looked like a database that is away: anybody could fill the spool."""
        answer = loads(client, f"/image/logo.png?id_fatura=FAT001&k={quote(key)}")

        assert (answer.status_code, answer.content_type) == (200, "image/png")
        assert Spool(runtime(app).settings.data_dir).is_empty()
        assert opens(app) == []
