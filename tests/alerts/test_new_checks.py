"""The two checks that alerts brought: a pixel whose events fail, and events that stay away. From the rollups alone."""

from __future__ import annotations

from datetime import timedelta

from app.attention.reconcile import Reconciler
from app.core import clock
from app.core.rollup import hour_of
from app.outbound.mail.ledger import target_id as mail_server_of
from tests.alerts.conftest import Watch
from tests.attention.conftest import Desk
from tests.people import new_account
from tests.tracking_fixtures import make_pixel

__all__ = ["make_pixel"]
HOUR, WEEK = timedelta(hours=1), timedelta(days=7)


def test_a_failing_pixel_is_found_told_below_the_threshold_and_over_when_it_is_well(watch: Watch, make_pixel, travel):
    pixel, other = make_pixel("kwai"), make_pixel("facebook")
    now = hour_of(clock.now())
    watch.count(pixel, now, accepted=30, done=8, dead=1)  # too few to say anything
    watch.count(other, now - 24 * HOUR, accepted=90, dead=90)  # a day ago
    assert watch.look() == 0

    travel(timedelta(minutes=1))
    watch.count(pixel, now - HOUR, accepted=100, done=84, dead=7)
    assert watch.look() == 0  # 92 % is on the bell, and no alert
    assert [(row.kind, row.subject, row.facts["share"]) for row in Desk(watch.app).open()] == [
        ("pixel_failing", str(pixel), 92)
    ]
    travel(timedelta(minutes=1))
    watch.count(pixel, now - 2 * HOUR, accepted=50, dead=50)
    assert watch.look() == 1
    assert "só 61% dos eventos chegam" in watch.heard[0][2]["title"]
    assert watch.heard[0][2]["url"].endswith(f"/pixels/{pixel}")
    travel(timedelta(hours=26))
    assert watch.look() == 1
    assert watch.heard[1][0] == "alert.resolved"


def test_a_drop_is_judged_by_the_same_hours_of_four_weeks(watch: Watch, make_pixel, travel):
    pixel, quiet = make_pixel("kwai"), new_account(watch.app)
    end = hour_of(clock.now())
    for weeks, number in enumerate((100, 100, 900, 20), 1):
        watch.count(pixel, end - weeks * WEEK - 3 * HOUR, accepted=number)
        watch.count(pixel, end - weeks * WEEK - 25 * HOUR, accepted=7_000)  # another hour of the week
        watch.count(mail_server_of(watch.account_id), end - weeks * WEEK - HOUR, accepted=5_000)
        watch.count(pixel, end - weeks * WEEK - HOUR, account_id=quiet, accepted=5_000)  # of nobody here
    watch.count(pixel, end - HOUR, accepted=55)
    watch.count(pixel, end, accepted=9)  # of an hour that is not full
    assert watch.look() == 0  # 45 % less is on the bell only
    Reconciler(watch.state).run()
    (finding,) = Desk(watch.app).open()
    assert finding.facts == {"percent": 45, "number": 55, "usual": 100}

    watch.rule("event_drop", threshold=40)
    assert watch.look() == 1
    assert watch.heard[0][2]["title"] == "45% menos eventos que o normal"
    travel(timedelta(minutes=10))
    watch.count(pixel, end - 2 * HOUR, accepted=45)
    assert watch.look() == 1
    assert Desk(watch.app).open() == []
