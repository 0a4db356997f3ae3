"""/metrics: who may look, and what is counted."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, insert

from app.core import clock, metrics
from app.core.db import begin_write
from app.core.models import Heartbeat
from app.core.queue import connect
from app.core.runtime import runtime
from app.outbound.models import Target
from tests.opens.opens_fixtures import CRAWLER, GMAIL, asked, record
from tests.outbound.ledger import Ledger
from tests.tracking_fixtures import (
    ASYNC,
    EVENTS,
    KWAI_REGISTRATION,
    drain,
    make_pixel,
    make_sender,
    sender,
    simulator,
)  # fmt: skip

__all__ = ["drain", "make_pixel", "make_sender", "sender", "simulator"]
TOKEN = "an-internal-token-of-some-length"


@pytest.fixture
def settings(make_settings, database_url, simulator):
    return make_settings(
        database_url=database_url,
        kwai_events_url=f"{simulator.url}/log/common/api",
        meta_graph_url=simulator.url,
        internal_api_token=TOKEN,
    )


@pytest.fixture
def scrape(client):
    """`scrape()` gives {(name, labels…): value}."""

    def ask():
        answer = client.get("/metrics")
        assert answer.status_code == 200
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    return ask


def test_requests_are_counted_by_route_and_status(client, scrape):
    client.get("/health/live")
    client.get("/health/live")
    client.get("/no/such/page/of/ours")

    counted = scrape()

    assert counted["kalitrack_http_requests_total", "/health/live", "200"] == 2
    assert counted["kalitrack_http_requests_total", "404", "none"] == 1


def test_the_front_door_is_counted_too(sender, scrape):
    sender.post(KWAI_REGISTRATION, **ASYNC)
    sender.post({}, **ASYNC)

    counted = scrape()

    assert counted["kalitrack_http_requests_total", EVENTS, "202"] == 1
    assert counted["kalitrack_http_requests_total", EVENTS, "400"] == 1


def test_accepted_events_and_attempts_are_counted(sender, drain, simulator, scrape):
    simulator.behave(kind="refuse", times=1)
    for number in range(3):
        sender.post({**KWAI_REGISTRATION, "click_id": f"c{number}"}, **ASYNC)
    drain()

    counted = scrape()

    assert counted["kalitrack_events_accepted_total",] == 3
    assert counted["kalitrack_attempts_total", "conversion", "sent"] == 2
    assert counted["kalitrack_attempts_total", "conversion", "rejected"] == 1


def test_the_lag_is_told(app, make_pixel, scrape):
    Ledger(app).owe(make_pixel("kwai"), 4, next_at=clock.now() - timedelta(seconds=30))

    counted = scrape()

    assert counted["kalitrack_deliveries_due",] == 4
    assert 29 < counted["kalitrack_delivery_lag_seconds",] < 40
    assert counted["kalitrack_targets_open", "active"] == 1


def test_counts_of_all_processes_come_together(client, scrape, app):
    client.get("/health/live")
    before = scrape()["kalitrack_http_requests_total", "/health/live", "200"]

    other = metrics._Counts()  # of another process
    other.add(("kalitrack_http_requests", (("route", "/health/live"), ("status", "200"))), 5)
    with connect(str(metrics._counts.url)) as valkey:
        other.flush(valkey)

    assert scrape()["kalitrack_http_requests_total", "/health/live", "200"] == before + 5


def test_the_text_is_what_prometheus_reads(client, sender, drain):
    sender.post(KWAI_REGISTRATION, **ASYNC)
    drain()

    families = list(text_string_to_metric_families(client.get("/metrics").text))

    names = [family.name for family in families]
    assert len(names) == len(set(names))
    for family in families:
        assert family.documentation
        assert family.documentation != family.name
        assert re.fullmatch(r"(kalitrack|opens)_[a-z_]+", family.name)
        assert family.name.endswith("_seconds") or not re.search(r"_(ms|milliseconds|minutes|kb|mb)$", family.name)
        for sample in family.samples:
            assert sample.name.endswith("_total") is (family.type == "counter")
            assert family.type in ("counter", "gauge", "summary")


def test_opens_are_told_by_class_and_as_they_come(app, scrape):
    before = scrape()
    record(app, [asked("a"), asked("b", agent=GMAIL), asked("c", agent=CRAWLER)])
    record(app, [asked("old", at=clock.now() - timedelta(days=40))])

    told = scrape()

    assert before["kalitrack_opens", "human"] == 0
    classes = ("human", "image_proxy", "prefetch", "bot")
    assert [told["kalitrack_opens", name] for name in classes] == [1, 1, 0, 1]  # an old one within the hour


def test_queue_targets_and_processes_are_told(app, make_pixel, scrape):
    ledger = Ledger(app)
    pixel = make_pixel("kwai")
    ledger.owe(pixel, 3)
    ledger.owe(pixel, 2, status="dead", error="refused")
    ledger.change(Target, pixel, breaker="open")
    with begin_write(ledger.engine) as connection:
        connection.execute(insert(Heartbeat), {"process": "t", "kind": "ticker", "host": "h", "seen_at": clock.now()})

    told = scrape()

    assert (told["kalitrack_deliveries_open",], told["kalitrack_deliveries_dead",]) == (3, 2)
    assert told["kalitrack_targets", "active", "open"] == 1
    assert abs(told["kalitrack_heartbeat_timestamp_seconds", "h", "t", "ticker"] - clock.now().timestamp()) < 60
    assert told["kalitrack_opens_spool_bytes",] == 0


def test_the_delay_of_deliveries_is_told_by_quantiles(sender, drain, scrape):
    assert ("kalitrack_delivery_delay_seconds", "0.95") not in scrape()
    for number in range(2):
        sender.post({**KWAI_REGISTRATION, "click_id": f"c{number}"}, **ASYNC)
    drain()

    told = scrape()

    assert 0 < told["kalitrack_delivery_delay_seconds", "0.5"] <= told["kalitrack_delivery_delay_seconds", "0.99"] < 60


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("203.0.113.9", {}, 403),
        ("203.0.113.9", {"Authorization": f"Bearer {TOKEN}"}, 200),
        ("203.0.113.9", {"Authorization": "Bearer guess"}, 403),
        ("203.0.113.9", {"Authorization": "Bearer é"}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, 403),  # a proxy here that nobody told us about
    ],
)
def test_only_from_this_machine_or_with_the_token(app, address, headers, status):
    answer = app.test_client().get("/metrics", headers=headers, environ_overrides={"REMOTE_ADDR": address})

    assert answer.status_code == status


@pytest.fixture(autouse=True)
def fresh_counts():
    """Counts of earlier tests of this process stay out."""
    metrics._counts._counted.clear()


class TestWithoutValkey:
    @pytest.fixture
    def settings(self, make_settings, database_url, tmp_path):
        return make_settings(database_url=database_url, redis_url=f"unix://{tmp_path}/nothing.sock")

    def test_counters_are_left_out_rather_than_told_as_nought(self, client, scrape):
        client.get("/health/live")
        told = scrape()
        assert told["kalitrack_valkey_up",] == 0
        assert told["kalitrack_database_up",] == 1
        assert ("kalitrack_deliveries_due",) in told
        assert not [name for name, *_ in told if name == "kalitrack_http_requests_total"]
        assert metrics._counts._counted.total() >= 1  # and kept for when it is back


def test_no_figure_is_read_from_the_rows_that_it_counts(app, client, make_pixel):
    Ledger(app).owe(make_pixel("kwai"), 2)
    asked: list[str] = []

    def hear(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    event.listen(runtime(app).engine, "before_cursor_execute", hear)
    assert client.get("/metrics").status_code == 200

    assert len(asked) > 5
    assert not [each for each in asked if re.search(r"\b(email_open|opened_id|attempt|tracked_event)\b", each)]
