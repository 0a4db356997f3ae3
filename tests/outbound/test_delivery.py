"""From a row that is owed to its final state, against the simulated platforms."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.accounts import audit
from app.accounts.sign_in import first_account
from app.core import clock
from app.core.db import begin_write, write
from app.outbound import targets
from app.outbound.models import Breaker, Delivery, Status, Target, TargetState
from app.outbound.policy import PLATFORM
from app.pixels import service as pixels
from app.pixels.models import Pixel
from app.tracking.models import TrackedEvent
from tests.tracking_fixtures import ASYNC, META_PURCHASE

SECOND = timedelta(seconds=1)


@pytest.fixture
def kwai(make_pixel):
    return make_pixel("kwai")


@pytest.fixture
def meta(make_pixel):
    return make_pixel("facebook")


def outcomes(ledger, id):
    return [attempt.outcome for attempt in ledger.attempts(id)]


def test_what_fails_is_tried_again_and_delivered(ledger, kwai, drain, simulator):
    simulator.behave(kind="error", status=503, times=2)
    (id,) = ledger.owe(kwai)

    for _ in range(3):
        drain()
        ledger.hurry()

    stored = ledger.delivery(id)
    assert (stored.status, stored.attempts, outcomes(ledger, id)) == (Status.DONE, 3, ["retry", "retry", "sent"])
    assert list(simulator.arrivals.values()) == [1]


@pytest.mark.parametrize("kind", ["hang", "reset", "drop", "html", "endless", "error"])
def test_whatever_a_platform_does_becomes_an_outcome_in_words(ledger, kwai, drain, simulator, kind):
    simulator.behave(kind=kind)
    (id,) = ledger.owe(kwai)

    drain()

    (attempt,) = ledger.attempts(id)
    assert (attempt.outcome, ledger.delivery(id).status) == ("retry", Status.PENDING)
    assert attempt.detail


def test_a_refused_one_is_dead_with_the_platforms_reason(ledger, kwai, drain, simulator, caplog):
    simulator.behave(kind="refuse")
    (id,) = ledger.owe(kwai)

    drain()

    stored = ledger.delivery(id)
    assert (stored.status, stored.attempts) == (Status.DEAD, 1)
    assert "refused" in stored.detail
    (warned,) = [record for record in caplog.records if "are dead" in record.message]
    assert (warned.target_id, warned.delivery_id) == (str(kwai), str(id))


def test_a_token_that_the_platform_quotes_is_written_nowhere(settings, ledger, make_pixel, drain, requests_mock):
    token = 'kw/quoted"token+1'
    pixel = make_pixel("kwai", accessToken=token)
    requests_mock.post(settings.kwai_events_url, json={"result": 7, "error_msg": f"refused {token}"})
    (id,) = ledger.owe(pixel)

    drain()

    (attempt,) = ledger.attempts(id)
    stored = ledger.delivery(id)
    assert "refused …" in attempt.response
    assert "quoted" not in f"{attempt.response}{attempt.detail}{stored.detail}{stored.response}{ledger.target(pixel)}"


def test_an_expired_token_pauses_the_pixel_until_a_new_one_comes(app, ledger, meta, drain, simulator):
    simulator.behave(kind="expire")
    ids = ledger.owe(meta, 3)
    drain()
    assert ledger.target(meta).reason_code == "auth"
    assert [(row.status, row.attempts) for row in ledger.deliveries()] == [(Status.PENDING, 0)] * 3

    simulator.calm()
    with app.app_context(), write() as session:
        actor = audit.system_actor(first_account(session).id)
        pixels.update(actor, meta, {"accessToken": "a-fresh-token"})
    ledger.hurry()
    drain()

    assert [row.status for row in ledger.deliveries(*ids)] == [Status.DONE] * 3
    assert simulator.received("facebook")[-1].body["access_token"] == "a-fresh-token"


def test_a_paused_pixel_is_not_called_and_resumes(ledger, kwai, drain, simulator):
    with begin_write(ledger.engine) as connection:
        targets.pause(connection, kwai, "by hand", "user")
    (id,) = ledger.owe(kwai)
    drain()
    assert simulator.received() == []

    with begin_write(ledger.engine) as connection:
        targets.resume(connection, kwai)
    drain()

    assert ledger.delivery(id).status == Status.DONE


def test_throttling_costs_no_attempt_and_waits_as_long_as_asked(ledger, meta, drain, simulator):
    simulator.behave(kind="throttle", status=429, retry_after_s=77, times=1)
    (id,) = ledger.owe(meta)
    drain()
    assert 74 < ledger.until(ledger.target(meta).not_before) <= 77
    drain()
    assert len(simulator.received()) == 1

    ledger.hurry()
    drain()

    stored = ledger.delivery(id)
    assert (stored.status, stored.attempts, outcomes(ledger, id)) == (Status.DONE, 1, ["throttled", "sent"])


def test_a_throttled_pixel_holds_up_no_other(ledger, kwai, meta, drain, simulator):
    simulator.behave(kind="throttle", platform="facebook")
    ledger.owe(meta, 1500)
    (id,) = ledger.owe(kwai)

    drain()

    assert ledger.delivery(id).status == Status.DONE
    assert {row.attempts for row in ledger.deliveries() if row.target_id == meta} == {0}


def test_the_breaker_opens_probes_once_and_closes(ledger, kwai, drain, simulator):
    simulator.behave(kind="error", status=500)
    ledger.owe(kwai, 800)
    drain()
    target = ledger.target(kwai)
    assert (target.breaker, target.trips) == (Breaker.OPEN, 1)
    made = len(simulator.received())
    assert made < 600  # the rest was given back, or never claimed
    assert ledger.statuses() == {Status.PENDING: 800}

    ledger.hurry()
    ledger.change(Target, kwai, breaker_until=clock.now())
    drain()
    assert (len(simulator.received()), ledger.target(kwai).trips) == (made + 1, 2)

    simulator.calm()
    ledger.hurry()
    ledger.change(Target, kwai, breaker_until=clock.now())
    drain()
    assert (ledger.target(kwai).breaker, ledger.statuses()) == (Breaker.CLOSED, {Status.DONE: 800})


def test_a_reset_breaker_is_tried_at_once(ledger, kwai, drain):
    ledger.change(Target, kwai, breaker=Breaker.OPEN, breaker_until=clock.now() + timedelta(hours=1), failures=9)
    (id,) = ledger.owe(kwai)

    with begin_write(ledger.engine) as connection:
        targets.reset_breaker(connection, kwai)
    drain()

    assert ledger.delivery(id).status == Status.DONE


@pytest.mark.parametrize(
    ("values", "status", "detail", "calls"),
    [
        ({"attempts": PLATFORM.max_attempts - 1}, Status.DEAD, "gave up after 250", 1),
        ({"attempts": PLATFORM.max_attempts}, Status.DEAD, "tried too often", 0),
        ({"expires_at": timedelta(seconds=0.5)}, Status.DEAD, "too old to be tried again", 1),
        ({"expires_at": timedelta(0)}, Status.DEAD, "Too old to be sent", 0),
        ({"ref_id": "nothing"}, Status.CANCELLED, "What was to be sent is gone", 0),
    ],
    ids=["last attempt", "one too many", "dies of age", "too old at claim", "no event"],
)
def test_what_cannot_go_on_ends_with_a_reason(ledger, kwai, drain, simulator, values, status, detail, calls):
    simulator.behave(kind="error", status=500)
    values = {name: clock.now() + value if isinstance(value, timedelta) else value for name, value in values.items()}
    values |= {"ref_id": kwai} if "ref_id" in values else {}
    (id,) = ledger.owe(kwai)
    ledger.change(Delivery, id, **values)

    drain()

    stored = ledger.delivery(id)
    assert (stored.status, len(simulator.received())) == (status, calls)
    assert detail in stored.detail
    assert len(ledger.attempts(id)) == calls


def test_a_pixel_that_is_gone_cancels_its_deliveries(ledger, kwai, drain, simulator):
    ids = ledger.owe(kwai, 3)
    with begin_write(ledger.engine) as connection:
        connection.execute(Pixel.__table__.delete().where(Pixel.id == kwai))

    drain()

    assert {row.detail for row in ledger.deliveries(*ids)} == {"The target is gone"}
    assert (ledger.statuses(), simulator.received()) == ({Status.CANCELLED: 3}, [])


def test_a_deleted_pixel_cancels_hundreds_soon(app, ledger, kwai, drain, simulator):
    ledger.owe(kwai, 1100, next_at=clock.now() + timedelta(hours=1))
    with app.app_context(), write() as session:
        pixels.delete(audit.system_actor(first_account(session).id), kwai)

    drain()
    drain()
    drain()

    assert (ledger.statuses(), simulator.received()) == ({Status.CANCELLED: 1100}, [])


@pytest.mark.parametrize(
    ("platform", "poison"),
    [("kwai", {"fields": []}), ("facebook", {"fields": []}), ("facebook", {"identity": "not an object"})],
    ids=["cannot be built", "cannot be sorted", "cannot be built in a batch"],
)
def test_a_poisoned_row_dies_alone(ledger, make_pixel, drain, simulator, platform, poison):
    pixel = make_pixel(platform)
    good = ledger.owe(pixel, 6)
    (bad,) = ledger.owe(pixel, event=poison)
    good += ledger.owe(pixel, 6)

    drain()

    assert [row.status for row in ledger.deliveries(*good)] == [Status.DONE] * 12
    stored = ledger.delivery(bad)
    assert (stored.status, stored.attempts, stored.detail.startswith("Could not be")) == (Status.DEAD, 1, True)
    assert ledger.target(pixel).failures == 0
    assert set(simulator.arrivals.values()) == {1}


def test_a_pixel_whose_token_cannot_be_opened_pauses(ledger, meta, drain, simulator):
    ledger.change(Pixel, meta, sealed_token="gAAAA-nonsense")
    ledger.owe(meta, 2)

    drain()

    assert (ledger.target(meta).state, ledger.statuses()) == (TargetState.PAUSED, {Status.PENDING: 2})


def test_one_poisoned_event_among_500_dies_alone(ledger, meta, drain, simulator):
    good = ledger.owe(meta, 250)
    (bad,) = ledger.owe(meta, event={"event_id": "poison-1"})
    good += ledger.owe(meta, 249)

    drain()

    assert ledger.statuses() == {Status.DONE: 499, Status.DEAD: 1}
    assert ledger.delivery(bad).status == Status.DEAD
    assert "invalid fbc" in ledger.delivery(bad).detail
    assert {row.attempts for row in ledger.deliveries()} == {1}
    assert (len(ledger.attempts()), len(simulator.arrivals)) == (500, 499)
    assert len(simulator.received()) <= 20  # the whole, and two for each of nine halvings


def test_several_poisoned_events_are_all_found(ledger, meta, drain, simulator):
    ids = ledger.owe(meta, 300)
    for place in (0, 1, 150, 299):
        ledger.change(TrackedEvent, ids[place], event_id=f"poison-{place}")

    drain()

    assert ledger.statuses() == {Status.DONE: 296, Status.DEAD: 4}
    assert set(simulator.arrivals.values()) == {1}


def test_a_backlog_goes_out_a_thousand_at_a_time(ledger, meta, drain, simulator):
    for _ in range(5):
        ledger.owe(meta, 500)

    drain()

    assert ledger.statuses() == {Status.DONE: 2500}
    assert sorted(call.events for call in simulator.received()) == [500, 1000, 1000]


def test_test_codes_do_not_mix(ledger, meta, drain, simulator):
    for code in ("TEST1", None, "TEST2"):
        ledger.owe(
            meta, 5, event={"fields": {"value": 1, "currency": "BRL"} | ({"test_event_code": code} if code else {})}
        )

    drain()

    sent = {call.body.get("test_event_code"): call.events for call in simulator.received()}
    assert sent == {"TEST1": 5, None: 5, "TEST2": 5}


def test_the_event_log_has_each_event_once(app, ledger, kwai, drain, settings):
    ledger.owe(kwai, 5)

    drain()

    lines = [line for file in settings.logs_dir.glob("tracking_events_*.log") for line in file.read_text().splitlines()]
    assert len(lines) == 5


def test_a_platform_that_repeats_our_token_does_not_get_it_stored(sender, ledger, drain, simulator, caplog):
    simulator.behave(kind="expire", platform="facebook")
    sender.post(META_PURCHASE, **ASYNC)

    drain()

    (row,) = ledger.deliveries()
    token = simulator.received("facebook")[0].body["access_token"]
    assert token not in f"{row.detail}{row.response}{caplog.text}{ledger.target(row.target_id).reason}"


def test_what_is_owed_twice_the_lease_later_is_sent_again(ledger, kwai, drain, simulator):
    (id,) = ledger.owe(kwai, status=Status.LEASED, attempts=1, lease_token="of a worker that was killed")

    drain()

    assert (ledger.delivery(id).status, ledger.delivery(id).attempts) == (Status.DONE, 2)
