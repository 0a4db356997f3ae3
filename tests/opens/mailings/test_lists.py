"""Lists of ids: what is listed, opened already, repeated, replaced and taken off, at once and by a worker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, event, func, select

from app.core import jobs
from app.core.access import Actor
from app.core.db import db, write
from app.core.errors import NotFound
from app.core.models import Job, JobPart
from app.core.runtime import runtime
from app.opens.mailings import changes, lists, service
from app.opens.mailings.job import MailList
from app.opens.mailings.listing import place_of
from app.opens.mailings.lists import Work
from app.opens.mailings.models import MailedId
from app.opens.models import Open
from tests.jobs import run_jobs
from tests.opens.mailings.conftest import HOUR, awaited, delays, list_ids, listed, mailing_of, rows_of
from tests.opens.opens_fixtures import CRAWLER, asked, record

MakeMailing = Callable[..., UUID]
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def send_file(app: Flask, actor: Actor, mailing_id: UUID, content: bytes | None, work: Work = Work.ADD) -> object:
    with app.test_request_context():
        mailing = service.get(actor.account_id, mailing_id)
        return changes.make(actor, mailing, work, zone="America/Sao_Paulo", language="en", content=content)


def test_ids_opened_since_they_were_sent_are_marked_when_they_are_listed(
    app: Flask, actor: Actor, make_mailing: MakeMailing, begins: datetime
) -> None:
    record(app, [
        asked("BEFORE", at=begins - HOUR),
        asked("AFTER", at=begins + 4 * HOUR),
        asked("BOTH", at=begins - HOUR), asked("BOTH", at=begins + 2 * HOUR), asked("BOTH", at=begins + 9 * HOUR),
        asked("BOT", at=begins + HOUR, agent=CRAWLER),
        asked("BOTBOTH", at=begins - HOUR), asked("BOTBOTH", at=begins + HOUR, agent=CRAWLER),
    ])  # fmt: skip
    mailing = make_mailing()
    tally = list_ids(app, actor, mailing, "BEFORE", "AFTER", "BOTH", "BOT", "BOTBOTH", "NEW", "AFTER", "{{id}}", " ")

    assert (tally.added, tally.duplicates, tally.opened, tally.wrong) == (6, 1, 2, 2)
    assert listed(app, mailing) == {
        "BEFORE": None, "AFTER": begins + 4 * HOUR, "BOTH": begins + 2 * HOUR, "BOT": None, "BOTBOTH": None, "NEW": None
    }  # fmt: skip
    assert delays(app, mailing) == {1: 1, 2: 1}
    assert mailing_of(app, mailing).listed == 6
    assert [awaited(app, ref) for ref in ("BEFORE", "AFTER", "BOT", "BOTBOTH")] == [True, False, True, True]


def test_where_the_row_of_an_open_is_purged_the_last_one_known_counts(
    app: Flask, actor: Actor, make_mailing: MakeMailing, begins: datetime
) -> None:
    record(app, [asked("FAT1", at=at) for at in (begins - HOUR, begins + 2 * HOUR, begins + 9 * HOUR)])
    with app.app_context(), write() as session:
        session.execute(delete(Open))
    mailing = make_mailing()
    list_ids(app, actor, mailing, "FAT1")
    assert listed(app, mailing) == {"FAT1": begins + 9 * HOUR}


def test_a_list_is_extended_replaced_and_emptied(
    app: Flask, actor: Actor, make_mailing: MakeMailing, begins: datetime
) -> None:
    mailing, other = make_mailing(), make_mailing(name="Outra")
    record(app, [asked("FAT1", at=begins + HOUR)])
    list_ids(app, actor, other, "FAT1", "FAT9")
    send_file(app, actor, mailing, b"FAT1\nFAT2\n")
    again = send_file(app, actor, mailing, b"FAT2\nFAT3\n")
    assert (again.added, again.duplicates) == (1, 1)  # type: ignore[attr-defined]
    assert (mailing_of(app, mailing).listed, delays(app, mailing)) == (3, {1: 1})

    send_file(app, actor, mailing, b"FAT3\nFAT4\n", Work.REPLACE)
    assert listed(app, mailing) == {"FAT3": None, "FAT4": None}
    assert (mailing_of(app, mailing).listed, delays(app, mailing)) == (2, {})

    send_file(app, actor, mailing, None, Work.CLEAR)
    assert (listed(app, mailing), mailing_of(app, mailing).listed) == ({}, 0)
    assert listed(app, other) == {"FAT1": begins + HOUR, "FAT9": None}
    assert delays(app, other) == {1: 1}


def test_a_large_list_is_taken_in_by_a_worker_with_a_file_of_what_is_wrong(
    app: Flask, actor: Actor, make_mailing: MakeMailing, begins: datetime
) -> None:
    record(app, [asked("FAT7", at=begins + HOUR)])
    mailing = make_mailing()
    good = "".join(f"FAT{number};\n" for number in range(1_200))
    content = f"id_fatura;sent_at\n=cmd|A1;ontem\n{good}FAT7;\n{{{{id}}}};\n".encode()
    job_id = send_file(app, actor, mailing, content)
    assert isinstance(job_id, UUID)
    assert run_jobs(app) == 1

    with app.test_request_context(headers={"Cookie": "locale=en"}):
        job = db.session.get_one(Job, job_id)
        counts = {"work": "add", "removed": 0, "added": 1_200, "duplicates": 1, "opened": 1, "wrong": 2}
        assert (job.state, job.result) == ("done", counts)
        assert "1,200 ids added" in MailList(runtime(app)).words(job)
        assert "FAT" not in str(job.params)
        parts = db.session.scalars(select(JobPart.content).order_by(JobPart.number))
        text = b"".join(parts).decode("utf-8-sig")
    assert "2,'=cmd|A1;ontem,sent_at is no date" in text.replace('"', "")
    assert "1204,{{id}},This is the template's variable" in text.replace('"', "")
    assert len(text.splitlines()) == 3
    assert mailing_of(app, mailing).listed == 1_200
    assert sum(delays(app, mailing).values()) == 1


@sqlite
def test_another_worker_goes_on_where_a_dead_one_stopped(
    app: Flask, actor: Actor, make_mailing: MakeMailing, travel: Callable[[timedelta], None]
) -> None:
    mailing = make_mailing()
    job_id = send_file(app, actor, mailing, "".join(f"FAT{number}\n" for number in range(1_400)).encode())
    assert isinstance(job_id, UUID)
    with app.app_context():
        died = _die_after_parts(app, job_id, 4)
    assert died
    assert 0 < mailing_of(app, mailing).listed < 1_400
    travel(timedelta(minutes=1))
    run_jobs(app)
    assert mailing_of(app, mailing).listed == 1_400
    assert len(listed(app, mailing)) == 1_400
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(JobPart)) == 0  # the file is not kept


class Killed(BaseException):
    """What a SIGKILL is to the code around it."""


def _die_after_parts(app: Flask, job_id: UUID, writes: int) -> bool:
    """Runs the job on an engine that kills its worker at its n-th write."""
    engine, seen = runtime(app).engine, [0]

    def begun(connection: object) -> None:
        seen[0] += 1
        if seen[0] > writes:
            raise Killed

    event.listen(engine, "begin", begun)
    try:
        jobs.run(runtime(app), job_id)
    except Killed:
        return True
    finally:
        event.remove(engine, "begin", begun)
    return False


@sqlite
def test_large_lists_are_taken_off_by_a_worker_too(
    app: Flask, actor: Actor, make_mailing: MakeMailing, begins: datetime
) -> None:
    mailing, other = make_mailing(), make_mailing(name="Outra")
    list_ids(app, actor, other, "FAT1")
    list_ids(app, actor, mailing, *(f"FAT{number}" for number in range(1_001)), sent_at=begins)
    record(app, [asked("FAT1", at=begins + HOUR)])
    assert isinstance(send_file(app, actor, mailing, b"X1\n", Work.REPLACE), UUID)
    run_jobs(app)
    assert (listed(app, mailing), delays(app, mailing)) == ({"X1": None}, {})

    list_ids(app, actor, mailing, *(f"FAT{number}" for number in range(1_001)))
    assert isinstance(send_file(app, actor, mailing, None, Work.DELETE), UUID)
    run_jobs(app)
    with app.app_context():
        assert [row.name for row in db.session.execute(service.search(actor.account_id)).scalars()] == ["Outra"]
        assert db.session.scalar(select(func.count()).select_from(MailedId)) == 1
        done = db.session.scalars(select(Job).order_by(Job.created_at.desc()).limit(1)).one()
        assert done.result is not None
        assert done.result["removed"] == 1_002


@sqlite
def test_a_job_whose_mailing_is_gone_says_so(app: Flask, actor: Actor, make_mailing: MakeMailing) -> None:
    mailing = make_mailing()
    job_id = send_file(app, actor, mailing, "".join(f"FAT{number}\n" for number in range(1_001)).encode())
    send_file(app, actor, mailing, None, Work.DELETE)
    run_jobs(app)
    with app.test_request_context(headers={"Cookie": "locale=en"}):
        job = db.session.get_one(Job, job_id)
        assert (job.state, job.result) == ("done", {"gone": True})
        assert MailList(runtime(app)).words(job)


@sqlite
def test_a_list_of_a_deleted_mailing_is_no_error_of_ours(app: Flask, actor: Actor, make_mailing: MakeMailing) -> None:
    id = make_mailing()
    gone = mailing_of(app, id)
    send_file(app, actor, id, None, Work.DELETE)
    with app.test_request_context(), pytest.raises(NotFound):
        lists.add_all(lists.beginning, place_of(gone), rows_of("FAT1"))
