"""The end of categories and tags: at once or by a worker, in parts, and what stays."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from app.accounts.models import AuditEntry
from app.contacts.categories import service as categories
from app.contacts.dissolving import PART, Dissolved, Ending, dissolve
from app.contacts.group_sizes import Size, size, sizes
from app.contacts.models import Category, Contact, ContactCategory, ContactTag, Tag
from app.contacts.tags import service as tags
from app.core import clock, jobs
from app.core.access import Actor
from app.core.db import begin_write, db, write
from app.core.models import Job, JobState
from app.core.runtime import runtime
from tests.contacts.crowd import crowd, put
from tests.jobs import run_jobs


def made(actor: Actor, name: str) -> Tag:
    with write():
        tag = tags.create(actor, name)
    return tag


def told(action: str) -> list[object]:
    found = db.session.scalars(select(AuditEntry.changes).where(AuditEntry.action == action))
    return [changes for changes in found if changes]


def test_a_large_category_is_left_part_by_part_by_a_worker_and_its_contacts_stay(app: Flask, actor: Actor) -> None:
    with write():
        category = categories.create(actor, {"name": "Clientes"})
    put(ContactCategory, category.id, crowd(actor.account_id, PART + 1))

    ended = Dissolved(Ending.DELETE_CATEGORY, actor.account_id, category.id)
    job_id = dissolve(actor, ended, at_once=PART)
    assert db.session.scalar(select(func.count()).select_from(ContactCategory)) == PART + 1
    assert run_jobs(app) == 1
    db.session.rollback()  # and read anew

    job = jobs.get(db.session(), actor.account_id, job_id)
    assert (job.state, job.done, job.total) == (JobState.DONE, PART + 1, PART + 1)
    assert db.session.scalar(select(func.count()).select_from(ContactCategory)) == 0
    assert db.session.scalar(select(Category.id)) is None
    assert db.session.scalar(select(func.count()).select_from(Contact)) == PART + 1
    assert told("category.deleted") == [{"number": [None, PART + 1]}]


def test_two_tags_become_one_and_who_had_both_has_one(actor: Actor, make_contact: Callable[..., UUID]) -> None:
    for number, names in enumerate((["vip"], ["vip", "ouro"], ["ouro"], [])):
        make_contact(name=f"Ana {number}", tags=names)
    vip, ouro = (tags.find(actor.account_id, name) for name in ("VIP", "Ouro"))
    assert vip is not None and ouro is not None  # noqa: PT018
    assert size(db.session.connection(), actor.account_id, ContactTag, ouro.id) == Size(2)

    assert tags.merge(actor, vip, ouro) is None

    assert size(db.session.connection(), actor.account_id, ContactTag, ouro.id) == Size(3)
    assert db.session.scalars(select(Tag.name)).all() == ["ouro"]
    assert told("tag.merged") == [{"number": [None, 2], "into": [None, "ouro"]}]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_merge_ends_when_the_other_tag_is_gone_meanwhile(app: Flask, actor: Actor) -> None:
    vip, ouro = made(actor, "VIP"), made(actor, "Ouro")
    put(ContactTag, vip.id, crowd(actor.account_id, 3))
    with write() as session:
        params = {"id": str(vip.id), "into": str(ouro.id)}
        jobs.start(session.connection(), account_id=actor.account_id, kind=Ending.MERGE_TAGS, params=params)
    tags.delete(actor, ouro)

    run_jobs(app)
    db.session.rollback()
    assert db.session.scalar(select(Job.result)) == {"gone": True}
    assert size(db.session.connection(), actor.account_id, ContactTag, vip.id) == Size(3)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer
def test_a_merge_leaves_out_a_contact_that_another_merge_takes_away(app: Flask, actor: Actor) -> None:
    vip, ouro = made(actor, "VIP"), made(actor, "Ouro")
    serials = crowd(actor.account_id, 3)
    put(ContactTag, vip.id, serials)
    ids = vip.id, ouro.id
    db.session.rollback()

    def merge() -> None:
        with app.app_context():
            dissolve(actor, Dissolved(Ending.MERGE_TAGS, actor.account_id, *ids))

    with ThreadPoolExecutor(1) as pool:
        with begin_write(runtime(app).engine) as connection:
            connection.execute(delete(Contact).where(Contact.serial == serials[0]))
            waits = pool.submit(merge)
            with pytest.raises(TimeoutError):
                waits.result(0.1)
        waits.result(5)
    assert size(db.session.connection(), actor.account_id, ContactTag, ids[1]) == Size(2)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_count_leaves_out_the_deleted_and_stops_where_it_is_told(actor: Actor) -> None:
    tag = made(actor, "VIP")
    put(ContactTag, tag.id, crowd(actor.account_id, 3))
    put(ContactTag, tag.id, crowd(actor.account_id, 2, deleted_at=clock.now()))
    connection = db.session.connection()
    counted = [sizes(connection, actor.account_id, ContactTag, [tag.id], most=most)[tag.id] for most in (2, 3)]
    assert counted == [Size(2, more=True), Size(3)]
