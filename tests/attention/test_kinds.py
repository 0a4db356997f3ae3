"""Each kind of finding: raised by its cause, gone with it, and said in words with a next step."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from flask import url_for
from sqlalchemy import update

from app.attention import checks, vitals
from app.attention.words import described, in_words
from app.core import clock, config_version
from app.core.access import permission_of
from app.core.db import begin_write
from app.core.ids import uuid7
from app.outbound.models import Breaker, TargetState
from app.pixels.models import Pixel

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
GB = 1024**3


def now():
    return clock.now()


# Cause, severity, and the end of the cause, of what concerns one target. The pixel has 3 open deliveries.
TARGETS = {
    "token_refused": (
        lambda: {"state": TargetState.PAUSED, "reason_code": "auth", "reason": "Session expired"},
        "danger",
        lambda: {"state": TargetState.ACTIVE, "reason_code": None, "reason": None},
    ),
    "receiver_gone": (
        lambda: {"state": TargetState.PAUSED, "reason_code": "gone", "reason": "HTTP 410"},
        "danger",
        lambda: {"state": TargetState.DELETED},
    ),
    "paused_by_hand": (
        lambda: {"state": TargetState.PAUSED, "reason_code": "user", "updated_at": now() - timedelta(days=2)},
        "warning",
        lambda: {"state": TargetState.ACTIVE, "reason_code": None, "updated_at": now()},
    ),
    "breaker_open": (
        lambda: {"breaker": Breaker.OPEN, "trips": 2, "breaker_until": now() + timedelta(minutes=1)},
        "warning",
        lambda: {"breaker": Breaker.CLOSED, "trips": 0, "breaker_until": None},
    ),
    "queue_old": (
        lambda: {"updated_at": now() - timedelta(hours=1)},
        "warning",
        lambda: {"not_before": now() + timedelta(minutes=1)},
    ),
}


@pytest.mark.parametrize("kind", TARGETS)
def test_a_targets_trouble_is_raised_and_resolved_by_itself(desk, make_pixel, kind):
    cause, severity, cure = TARGETS[kind]
    pixel = make_pixel("facebook")
    desk.owe(pixel, 3, next_at=now() - timedelta(minutes=5) if kind == "queue_old" else now() + timedelta(hours=1))
    assert desk.look() == []

    desk.change(pixel, **cause())
    (finding,) = desk.look()
    desk.change(pixel, **cure())

    assert (finding.kind, finding.severity) == (kind, severity)
    assert finding.account_id == desk.ledger.target(pixel).account_id
    assert desk.look() == []
    assert desk.all()[0].resolved_at is not None


@SQLITE
@pytest.mark.parametrize(
    "harmless",
    [
        {"state": TargetState.PAUSED, "reason_code": "user", "updated_at": timedelta(hours=23)},
        {"breaker": Breaker.OPEN, "trips": 1, "breaker_until": timedelta(minutes=-1)},
        {"state": TargetState.DELETED, "reason_code": "auth"},
        {"updated_at": timedelta(seconds=10)},  # resumed just now, with deliveries that are an hour old
        {"not_before": timedelta(seconds=20)},  # a throttle that has just ended
    ],
)
def test_what_needs_nobody_is_not_raised(desk, make_pixel, harmless):
    pixel = make_pixel("facebook")
    desk.owe(pixel, next_at=now() - timedelta(hours=1))
    moments = {name: now() - value for name, value in harmless.items() if isinstance(value, timedelta)}

    desk.change(pixel, **{"updated_at": now() - timedelta(days=1), **harmless, **moments})

    assert desk.kinds() == []


@SQLITE
def test_dead_letters_tell_how_many_and_of_what(desk, make_pixel):
    pixel = make_pixel("kwai")
    desk.tally(pixel, "dead", "refused", 40)
    desk.tally(pixel, "dead", "expired", 2)

    (finding,) = desk.look()
    desk.forget_tallies()

    assert (finding.kind, finding.facts["number"], finding.facts["error"]) == ("dead_letters", 42, "refused")
    assert desk.look() == []


@SQLITE
def test_a_longer_silence_is_worse(desk, make_pixel):
    pixel = make_pixel("kwai")
    desk.owe(pixel, next_at=now() - timedelta(hours=1))
    desk.change(pixel, breaker=Breaker.HALF_OPEN, trips=7, breaker_until=now())
    assert [(row.kind, row.severity) for row in desk.look()] == [("breaker_open", "danger")]

    desk.change(pixel, breaker=Breaker.CLOSED, trips=0, breaker_until=None, updated_at=now() - timedelta(minutes=11))

    assert [(row.kind, row.severity) for row in desk.look()] == [("queue_old", "danger")]


@SQLITE
def test_a_silent_worker_is_missed_until_it_speaks(desk, travel):
    checks.register("workers", (vitals.NO_WORKER,), vitals.check_workers)  # without the patience of a start
    try:
        desk.beat("deliver")
        desk.beat("jobs")
        (finding,) = desk.look()
        assert (finding.kind, finding.facts) == ("no_worker", {"missing": ["ticker"]})

        desk.beat("ticker")
        assert desk.look() == []
        travel(timedelta(seconds=21))
        assert desk.look()[0].facts == {"missing": ["deliver", "jobs", "ticker"]}
    finally:
        checks.register("workers", (vitals.NO_WORKER,), vitals.check_workers, vitals.START_S)


@SQLITE
def test_a_worker_that_is_only_starting_is_not_missed(desk):
    assert desk.kinds() == []
    assert desk.kinds() == []


@SQLITE
@pytest.mark.parametrize(
    ("sick", "kind", "severity"),
    [
        ({"clock_skew_ms": 5_001}, "clock_off", "warning"),
        ({"clock_skew_ms": -61_000}, "clock_off", "danger"),
        ({"disk_free": 9 * GB, "disk_total": 100 * GB}, "disk_low", "warning"),
        ({"disk_free": GB - 1, "disk_total": 5 * GB}, "disk_low", "warning"),
        ({"disk_free": 2 * GB, "disk_total": 100 * GB}, "disk_low", "danger"),
        ({"disk_free": GB // 6, "disk_total": GB}, "disk_low", "danger"),
    ],
)
def test_a_sick_machine_is_named_until_it_is_well(desk, sick, kind, severity):
    well = {"clock_skew_ms": 4_000, "disk_free": 50 * GB, "disk_total": 100 * GB}
    desk.beat("deliver", "two", **well)
    desk.beat("deliver", **{**well, **sick})
    (finding,) = desk.look()
    assert (finding.kind, finding.subject, finding.severity) == (kind, "one", severity)

    desk.beat("deliver", **well)

    assert desk.look() == []


@pytest.mark.parametrize(("version", "severity"), [("v21.0", "warning"), ("v19.0", "danger")])
def test_a_version_that_ends_is_told_of_until_it_is_changed(desk, make_pixel, version, severity):
    pixel = make_pixel("facebook")

    set_version(desk, pixel, version)
    (finding,) = desk.look()
    set_version(desk, pixel, "v25.0")

    assert (finding.kind, finding.severity, finding.facts["own"]) == ("version_expiring", severity, True)
    assert finding.facts["pixel"] == str(pixel)
    assert desk.look() == []


@SQLITE
def test_the_version_of_the_server_concerns_the_pixels_without_one(desk, make_pixel, with_settings):
    make_pixel("facebook")
    make_pixel("kwai")
    old = type(desk)(with_settings(meta_graph_version="v20.0"))

    (finding,) = old.look()

    assert (finding.facts["own"], finding.facts["pixels"], finding.facts["ended"]) == (False, 1, True)


@SQLITE
def test_a_token_that_no_key_opens_is_told_of(desk, make_pixel, with_settings):
    pixel = make_pixel("kwai")
    assert desk.look() == []

    blind = type(desk)(with_settings(encryption_keys=[Fernet.generate_key().decode()]))
    (finding,) = blind.look()

    assert (finding.kind, finding.subject) == ("token_undecryptable", str(pixel))
    assert desk.look() == []


def test_every_kind_of_a_check_has_words():
    assert {kind for each in checks.registered() for kind in each.kinds} == set(described())


@SQLITE
def test_every_next_step_is_a_page_with_a_permission_that_exists(app):
    facts = {
        "target": "Meta 1", "kind": "conversion", "waiting": 1, "since": now().isoformat(), "number": 1, "targets": 1,
        "error": "refused", "missing": [], "version": "v20.0", "end": "2026-09-24", "ended": True, "own": True,
        "pixels": 1, "pixel": None, "host": "one", "seconds": 9, "free_mb": 1, "total_mb": 2,
    }  # fmt: skip
    with app.test_request_context():
        steps = [step for kind in described() for step in in_words(kind, str(uuid7()), facts).steps]
        assert len(steps) > 8
        for step in steps:
            assert url_for(step.endpoint, **step.values).startswith("/")
            assert permission_of(app.view_functions[step.endpoint]) == step.permission


@SQLITE
def test_facts_of_another_version_still_have_words(app):
    with app.test_request_context():
        for kind in (*described(), "unknown"):
            assert kind in in_words(kind, "x", {}).title


def set_version(desk, pixel, version):
    with begin_write(desk.engine) as connection:
        connection.execute(update(Pixel).where(Pixel.id == pixel).values(settings={"graphVersion": version}))
        config_version.bump(connection)
