"""Opens of listed ids: noted in the transaction that records them, once, and not lost to a list that comes then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Barrier, Thread
from uuid import UUID

import pytest
from flask import Flask

from app.core import config_version
from app.core.access import Actor
from app.core.db import begin_write
from app.core.runtime import runtime
from app.opens.mailings.models import DELAY_BOUNDS_H
from app.opens.mailings.opened import bucket_of, has_lists, note
from app.opens.recording.judge import judge
from app.opens.recording.library import Library
from app.opens.recording.recorder import OpenRecorder
from tests.opens.mailings.conftest import DAY, HOUR, awaited, delays, list_ids, listed
from tests.opens.opens_fixtures import CRAWLER, asked, record

MakeMailing = Callable[..., UUID]


@pytest.mark.parametrize(
    ("hours", "bucket"), [(0, 0), (0.99, 0), (1, 1), (2.9, 1), (3, 2), (47, 5), (48, 6), (336, 9), (9999, 9)]
)
def test_a_delay_falls_into_its_bucket(hours: float, bucket: int) -> None:
    assert bucket_of(timedelta(hours=hours)) == bucket
    assert len(DELAY_BOUNDS_H) == 9


def test_opens_are_noted_for_every_mailing_that_waits_for_the_id(
    app: Flask, actor: Actor, make_mailing: MakeMailing, begins: datetime
) -> None:
    first, second, later = make_mailing(), make_mailing(name="Lembrete"), make_mailing(name="Dezembro")
    list_ids(app, actor, first, "FAT1", "FAT2", "FAT3")
    list_ids(app, actor, second, "FAT1", sent_at=begins + DAY)
    list_ids(app, actor, later, "FAT1", sent_at=begins + 30 * DAY)
    record(app, [asked("FAT1", at=begins + 2 * HOUR), asked("FAT2", at=begins + 2 * HOUR, agent=CRAWLER)])

    assert listed(app, first) == {"FAT1": begins + 2 * HOUR, "FAT2": None, "FAT3": None}
    assert listed(app, second) == listed(app, later) == {"FAT1": None}  # opened before it was sent
    assert delays(app, first) == {1: 1}
    assert awaited(app, "FAT1")

    record(app, [asked("FAT1", at=begins + DAY + HOUR), asked("FAT1", at=begins + DAY + 9 * HOUR)])
    assert listed(app, first)["FAT1"] == begins + 2 * HOUR
    assert listed(app, second) == {"FAT1": begins + DAY + HOUR}
    assert (delays(app, first), delays(app, second), delays(app, later)) == ({1: 1}, {1: 1}, {})


def test_an_id_is_no_longer_awaited_once_nothing_waits(
    app: Flask, actor: Actor, make_mailing: MakeMailing, begins: datetime
) -> None:
    record(app, [asked("FAT1", at=begins - HOUR)])
    assert awaited(app, "FAT1") is False
    list_ids(app, actor, make_mailing(), "FAT1")
    assert awaited(app, "FAT1") is True
    record(app, [asked("FAT1", at=begins + HOUR)])
    assert awaited(app, "FAT1") is False


def test_opens_of_one_batch_count_for_the_mailing_sent_before_each(
    app: Flask, actor: Actor, make_mailing: MakeMailing, begins: datetime
) -> None:
    """In one transaction, and not in the order of time: whoever comes first after the sending counts."""
    first, second = make_mailing(), make_mailing(name="Lembrete")
    list_ids(app, actor, first, "FAT1", "FAT2")
    list_ids(app, actor, second, "FAT1", sent_at=begins + DAY)
    times = [begins + DAY + 2 * HOUR, begins + HOUR, begins + DAY + HOUR]
    with begin_write(runtime(app).engine) as connection:
        note(connection, [(actor.account_id, "FAT1", at) for at in times])

    assert listed(app, first) == {"FAT1": begins + HOUR, "FAT2": None}
    assert listed(app, second) == {"FAT1": begins + DAY + HOUR}


def test_two_recorders_of_the_same_ids_neither_deadlock_nor_count_twice(
    app: Flask, actor: Actor, make_mailing: MakeMailing, begins: datetime
) -> None:
    mailing = make_mailing()
    refs = [f"FAT{number}" for number in range(300)]
    list_ids(app, actor, mailing, *refs)
    start, failures = Barrier(2), list[BaseException]()

    def record_them(order: list[str]) -> None:
        try:
            start.wait()
            for ref_part in (order[:150], order[150:], order):
                with begin_write(runtime(app).engine) as connection:
                    note(connection, [(actor.account_id, ref, begins + HOUR) for ref in ref_part])
        except BaseException as error:
            failures.append(error)

    threads = [Thread(target=record_them, args=(order,)) for order in (refs, refs[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures
    assert delays(app, mailing) == {1: 300}
    assert set(listed(app, mailing).values()) == {begins + HOUR}


def test_an_open_that_is_being_recorded_while_its_id_is_listed_is_noted(
    app: Flask, actor: Actor, make_mailing: MakeMailing, begins: datetime
) -> None:
    """Its recorder looked before the list was there, and the list comes before its commit."""
    mailing = make_mailing()
    state = runtime(app)
    library = Library(state.engine, state.vault)
    account = library.account("")
    assert account is not None
    hit = asked("FAT1", at=begins + HOUR)
    thread = Thread(target=list_ids, args=(app, actor, mailing, "FAT1"))
    with begin_write(state.engine) as connection:
        OpenRecorder(library).record(connection, [judge(hit, account, None)])
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join(10)
    assert listed(app, mailing) == {"FAT1": begins + HOUR}
    assert delays(app, mailing) == {1: 1}


def test_recorders_look_again_when_the_first_mailing_comes_and_the_last_goes(
    app: Flask, actor: Actor, make_mailing: MakeMailing
) -> None:
    with runtime(app).engine.connect() as connection:
        before = config_version.current(connection)
        assert not has_lists(connection, actor.account_id)
    make_mailing()
    make_mailing(name="Segunda")
    with runtime(app).engine.connect() as connection:
        assert config_version.current(connection) == before + 1
        assert has_lists(connection, actor.account_id)
