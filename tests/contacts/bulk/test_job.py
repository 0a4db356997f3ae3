"""Changes of many contacts as long jobs: parts, events, a worker that dies on the way, and taking it back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from app.contacts import timeline
from app.contacts.bulk import selection, service
from app.contacts.bulk.actions import Action, Wanted
from app.contacts.bulk.selection import Selection
from app.contacts.filters import Filters
from app.contacts.models import Contact, Tag, TimelineEntry
from app.core import events, jobs
from app.core.access import Actor
from app.core.db import db, write
from app.core.errors import Invalid
from app.core.jobs.kinds import kind_of
from app.core.models import Job, JobPart
from app.core.runtime import runtime
from tests.contacts.bulk.conftest import kept, tagged
from tests.jobs import run_jobs

Make = Callable[..., UUID]
Crowd = Callable[[int], list[UUID]]
ALL = Selection(Filters())
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def begin(actor: Actor, wanted: Wanted, chosen: Selection, total: int) -> UUID:
    params = service.prepare(db.session(), actor, chosen, total)
    with write() as session:
        return service.start(session, actor, wanted, chosen, params, total)


def undo(actor: Actor, id: UUID) -> UUID:
    with write() as session:
        return service.start_undo(session, actor, id, {"contacts.edit", "contacts.delete"})[0]


def ended(actor: Actor, id: UUID) -> tuple[str, int, int, str]:
    db.session.rollback()
    job = jobs.get(db.session(), actor.account_id, id)
    return job.state, job.done, job.skipped, kind_of(job.kind)(runtime()).words(job)


def test_tags_are_given_to_all_told_and_taken_back_from_just_those(
    app: Flask, actor: Actor, make_contact: Make, crowd: Crowd, heard: list[tuple[str, dict[str, Any]]]
) -> None:
    had = make_contact(name="Ana", tags=["vip"])
    ids = crowd(249)
    id_ = begin(actor, Wanted(Action.ADD_TAGS, ("VIP",)), ALL, 250)
    late = make_contact(name="Came later")
    assert run_jobs(app) == 1

    assert ended(actor, id_) == ("done", 249, 1, "249 contatos alterados. 1 ficou como estava.")
    assert tagged(had, ids[0], ids[-1], late) == [["vip"]] * 3 + [[]]
    changes = [payload for name, payload in heard if name == "contact.updated"]
    assert (len(changes), changes[0]["fields"], changes[0]["version"]) == (249, ["tags"], 2)
    assert [entry.kind for entry in timeline.entries(db.session(), actor.account_id, ids[7])] == ["contact.updated"]
    assert db.session.scalar(select(Contact.version).where(Contact.id == had)) == 1

    back = undo(actor, id_)
    run_jobs(app)
    assert ended(actor, back)[:3] == ("done", 249, 0)
    assert tagged(had, ids[0], ids[-1]) == [["vip"], [], []]
    assert db.session.scalar(select(func.count()).select_from(JobPart)) == 0


def test_a_deletion_is_taken_back_but_for_phones_that_others_have_by_now(
    app: Flask, actor: Actor, make_contact: Make, crowd: Crowd, heard: list[tuple[str, dict[str, Any]]]
) -> None:
    make_contact(name="Ana", phoneNumber="11987654321")
    make_contact(name="Casa", email="casa@example.com")
    crowd(118)
    id_ = begin(actor, Wanted(Action.DELETE), ALL, 120)
    run_jobs(app)
    assert (kept(), ended(actor, id_)[:3]) == (0, ("done", 120, 0))
    assert len([1 for name, _ in heard if name == "contact.deleted"]) == 120
    entries = select(func.count()).select_from(TimelineEntry).where(TimelineEntry.kind == "contact.deleted")
    assert db.session.scalar(entries) == 0

    make_contact(name="Outra", phoneNumber="+5511987654321")
    make_contact(name="Casa", email="casa@example.com")
    back = undo(actor, id_)
    run_jobs(app)
    assert (kept(), ended(actor, back)[:3]) == (120, ("done", 118, 2))


@SQLITE
def test_another_worker_goes_on_where_one_died_and_nobody_is_told_twice(
    app: Flask, actor: Actor, crowd: Crowd, travel: Callable[[timedelta], None]
) -> None:
    crowd(250)
    told: list[str] = []
    falls = [150]

    def dies_once(_connection: object, name: str, _account: UUID, payload: dict[str, Any]) -> None:
        told.append(payload["contactId"])
        if [len(told)] == falls:
            del told[100:]  # its part is rolled back
            falls.clear()
            raise OperationalError("gone", None, Exception())

    id_ = begin(actor, Wanted(Action.ADD_TAGS, ("a", "b")), ALL, 250)
    events.subscribe("contact.updated", dies_once)
    try:
        run_jobs(app)
        assert ended(actor, id_)[:2] == ("running", 100)
        travel(timedelta(seconds=6))
        run_jobs(app)
    finally:
        events.unsubscribe("contact.updated", dies_once)
    assert ended(actor, id_)[:3] == ("done", 250, 0)
    assert len(told) == len(set(told)) == 250
    assert db.session.scalar(select(func.count()).select_from(JobPart)) == 3


@SQLITE
def test_what_is_typed_stands_in_no_job_and_no_audit(actor: Actor, make_contact: Make) -> None:
    make_contact(name="Zoraide Quintela", phoneNumber="11987654321")
    for typed in ("zoraide", "98765"):
        begin(actor, Wanted(Action.REMOVE_TAGS if typed == "x" else Action.DELETE), Selection(Filters(text=typed)), 1)
    stored = [str(job.params) for job in db.session.scalars(select(Job))]
    assert [text for text in stored if "zoraide" in text or "98765" in text or "'text'" in text] == []
    assert all("'serials': [" in text for text in stored)


@SQLITE
def test_the_end_of_a_tag_ends_its_job(app: Flask, actor: Actor, crowd: Crowd) -> None:
    ids = crowd(2)
    id_ = begin(actor, Wanted(Action.ADD_TAGS, ("brief",)), ALL, 2)
    with write() as session:
        session.delete(session.scalars(select(Tag)).one())
    run_jobs(app)
    assert (ended(actor, id_)[:2], tagged(*ids)) == (("done", 0), [[], []])
    assert "não existe mais" in ended(actor, id_)[3]


@SQLITE
def test_nobody_gets_more_tags_than_a_contact_may_have(app: Flask, actor: Actor, make_contact: Make) -> None:
    full = make_contact(name="Ana", tags=[f"t{n}" for n in range(50)])
    id_ = begin(actor, Wanted(Action.ADD_TAGS, ("one more",)), ALL, 1)
    run_jobs(app)
    assert (ended(actor, id_)[:3], len(tagged(full)[0])) == (("done", 0, 1), 50)


@SQLITE
def test_a_job_changes_nobody_of_another_account(
    app: Flask, actor: Actor, make_contact: Make, other_account: Any
) -> None:
    stranger = Actor(other_account.account_id, other_account.id, other_account.email)
    theirs = make_contact(by=stranger, name="Ana")
    mine = make_contact(name="Eva")
    id_ = begin(actor, Wanted(Action.DELETE), Selection(Filters(), (theirs, mine)), 1)
    serial = db.session.scalar(select(Contact.serial).where(Contact.id == theirs))
    with write() as session:  # even a job whose params were tampered with
        params = jobs.get(session, actor.account_id, id_).params
        session.execute(update(Job).values(params=params | {"serials": [*params["serials"], serial]}))
    run_jobs(app)
    assert (kept(), ended(actor, id_)[1]) == (1, 1)


def test_a_search_that_means_too_many_is_refused(actor: Actor, make_contact: Make) -> None:
    make_contact(name="Ana"), make_contact(name="Anabela")
    wanted = Selection(Filters(text="ana"))
    assert len(selection.to_params(db.session(), actor.account_id, wanted, "55", most=2)["serials"]) == 2
    with pytest.raises(Invalid):
        selection.to_params(db.session(), actor.account_id, wanted, "55", most=1)
