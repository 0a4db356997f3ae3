"""Rows that cannot be sent, and one that kills whoever sends it: each ends by itself, and takes no other along."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter

import pytest
from sqlalchemy import delete, text

from app.core.db import begin_write
from app.core.runtime import runtime
from app.outbound.models import Status, TargetState
from app.pixels.models import Pixel
from tests.chaos.deadly import EXIT_CODE, POISON
from tests.chaos.product import ROOT
from tests.conftest import SECRETS
from tests.outbound.ledger import Ledger
from tests.tracking_fixtures import drain, make_pixel, settings, simulator

__all__ = ["drain", "make_pixel", "settings", "simulator"]
pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]
ATTEMPTS = 5
REVOKED = "999999999999999"


def since(started):
    return f"{time.monotonic() - started:.1f} s"


@pytest.fixture
def ledger(app):
    return Ledger(app)


def spoil(app, id_):
    """A payload that nobody can read: no JSON at all where the database lets it in, else another sort of value."""
    bad = "'{\"value\": '" if runtime(app).settings.is_sqlite else "'[]'::jsonb"
    with begin_write(runtime(app).engine) as connection:
        connection.execute(text(f"UPDATE tracked_event SET fields = {bad} WHERE id = :id"),
                           {"id": id_.hex if runtime(app).settings.is_sqlite else id_})  # fmt: skip


def test_every_sort_of_poison_ends_by_itself_and_leaves_the_others_alone(
    app, ledger, make_pixel, drain, simulator, tell
):
    started = time.monotonic()
    kwai, meta = make_pixel("kwai"), make_pixel("facebook")
    gone, revoked = make_pixel("kwai", "gone"), make_pixel("facebook", REVOKED)
    simulator.behave(kind="expire", platform="facebook", pixel=REVOKED)
    good, bad = [], []
    for pixel in (kwai, meta):
        good += ledger.owe(pixel, 10)
        bad += ledger.owe(pixel)
        spoil(app, bad[-1])
        good += ledger.owe(pixel, 5)
        bad += ledger.owe(pixel, event={"identity": "no object", "fields": []})
        good += ledger.owe(pixel, 10)
    orphan, waiting = ledger.owe(gone)[0], ledger.owe(revoked)[0]
    with begin_write(ledger.engine) as connection:
        connection.execute(delete(Pixel).where(Pixel.id == gone))

    drain()

    ends = [(row.status, row.attempts) for row in ledger.deliveries(*bad)]
    arrivals = simulator.arrivals
    tell(
        f"poison · {ledger.engine.dialect.name}: 50 good deliveries among {len(bad) + 2} poisoned, "
        f"lost {50 - len(arrivals)}, duplicates {arrivals.total() - len(arrivals)}, settled {since(started)}"
    )
    assert set(ends) == {(Status.DEAD, 1)}
    assert Counter(row.status for row in ledger.deliveries(*good)) == {Status.DONE: 50}
    assert (len(arrivals), set(arrivals.values())) == (50, {1})
    assert ledger.delivery(orphan).status == Status.CANCELLED
    assert (ledger.delivery(waiting).status, ledger.target(revoked).state) == (Status.PENDING, TargetState.PAUSED)


@pytest.mark.long
@pytest.mark.parametrize("step", ["build", "read"])
@pytest.mark.parametrize("platform", ["kwai", "facebook"])
def test_a_row_that_kills_its_worker_ends_dead_and_takes_no_other_along(
    app, ledger, make_pixel, simulator, settings, tell, platform, step
):
    pixel = make_pixel(platform)
    good = ledger.owe(pixel, 4)
    (bad,) = ledger.owe(pixel, event={"event_id": POISON})
    good += ledger.owe(pixel, 8)
    variables = {
        "PATH": os.environ["PATH"], "KALITRACK_DATA_DIR": str(settings.data_dir), "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url, "KWAI_EVENTS_URL": settings.kwai_events_url,
        "META_GRAPH_URL": settings.meta_graph_url, **{name.upper(): value for name, value in SECRETS.items()},
    }  # fmt: skip

    started = time.monotonic()
    command = [sys.executable, "-m", "tests.chaos.deadly", step, str(ATTEMPTS)]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=100)
    codes = json.loads(done.stdout.splitlines()[-1])

    arrivals = simulator.arrivals
    lost = sum(row.status != Status.DONE for row in ledger.deliveries(*good))
    tell(
        f"a row that kills at {step} · {platform} · {ledger.engine.dialect.name}: {codes.count(EXIT_CODE)} workers "
        f"died, lost {lost} of {len(good)} others, duplicates {arrivals.total() - len(arrivals)}, "
        f"settled {since(started)}"
    )
    assert ledger.delivery(bad).status == Status.DEAD
    assert codes.count(EXIT_CODE) <= ATTEMPTS
    assert codes[-1] == 0
    assert lost == 0
