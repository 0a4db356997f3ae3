"""A heartbeat carries how its machine does: disk and clock."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest
from sqlalchemy import select

from app.core import clock, skew
from app.core.exchange import Call
from app.core.heartbeat import HOST, MARK_LENGTH, Pulse, host_mark
from app.core.http import Client
from app.core.models import Heartbeat
from app.core.runtime import runtime


@pytest.fixture(autouse=True)
def quiet():
    skew.forget()
    yield
    skew.forget()


@pytest.fixture
def beat(app, tmp_path):
    """`beat(folder)` gives the row that a beat of a new process writes."""

    def row(folder=tmp_path):
        engine = runtime(app).engine
        Pulse(engine, "deliver-here", "deliver", folder).beat()
        with engine.connect() as connection:
            return connection.execute(select(Heartbeat.__table__)).one()

    return row


@pytest.mark.parametrize("name", ["web-1", "kalitrack-deliver-7d9f8b6c5d-x2x9z", "kalitrack-deliver-7d9f8b6c5d-q8k4w"])
def test_hosts_whose_long_names_begin_alike_have_marks_of_their_own(name):
    assert len(host_mark(name)) <= MARK_LENGTH
    assert name.startswith(host_mark(name)[:17])
    assert host_mark(name) != host_mark("kalitrack-deliver-7d9f8b6c5d-other")


def test_it_measures_the_disk_of_the_data(beat):
    row = beat()
    assert row.host == HOST
    assert 0 < row.disk_free < row.disk_total

    assert (beat(None).disk_free, beat(None).disk_total) == (None, None)


def test_a_disk_that_cannot_be_asked_is_no_reason_to_be_silent(beat, tmp_path):
    assert beat(tmp_path / "nothing").disk_total is None


def test_the_worse_of_both_clocks_is_told(app, beat, travel):
    sqlite = runtime(app).settings.is_sqlite
    row = beat()
    assert row.clock_skew_ms is None if sqlite else abs(row.clock_skew_ms) < 1000

    for _ in range(8):
        skew.hear(format_datetime(clock.now() - timedelta(seconds=20), usegmt=True))

    assert abs(beat().clock_skew_ms - 20_000) < 1500


def test_every_answer_is_heard(requests_mock):
    date = format_datetime(clock.now() + timedelta(hours=1), usegmt=True)
    requests_mock.post("https://graph.example/events", json={}, headers={"Date": date})
    client = Client(timeout_s=2)

    for _ in range(skew.ENOUGH):
        client.send(Call("POST", "https://graph.example/events", {}))

    found = skew.of_platforms_ms()
    assert found is not None
    assert abs(found + 3_600_000) < 1500
