"""Many contacts put into a funnel by a long job: who, in which order, a worker that dies, rules, and taking it back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from app.contacts import timeline
from app.contacts.filters import Filters
from app.contacts.models import TimelineEntry
from app.contacts.segments import service as segments
from app.core import events, jobs
from app.core.access import Actor
from app.core.db import db, write
from app.core.jobs.kinds import kind_of
from app.core.models import JobPart
from app.core.runtime import runtime
from app.funnels.adding import service
from app.funnels.cards import moving
from app.funnels.cards import service as cards
from app.funnels.cards.history import Doer
from app.funnels.cards.placing import Place
from app.funnels.models import Card, CardChange, Funnel
from tests.funnels.adding.conftest import on_board
from tests.jobs import run_jobs

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Crowd = Callable[..., list[UUID]]
Stages = Callable[[Funnel], dict[str, UUID]]


@pytest.fixture
def funnel(make_funnel: Callable[..., Funnel]) -> Funnel:
    return make_funnel()


def begin(actor: Actor, funnel: Funnel, segment: UUID, total: int = 0, **values: Any) -> UUID:
    funnel_id, whom = funnel.id, service.chosen(db.session(), actor, Filters(segment=segment))
    with write() as session:
        return service.start(session, actor, funnel_id, whom, values, total)


def undo(actor: Actor, id: UUID) -> UUID:
    with write() as session:
        return service.start_undo(session, actor, id)[0]


def ended(actor: Actor, id: UUID) -> tuple[str, int, int, str]:
    db.session.rollback()
    job = jobs.get(db.session(), actor.account_id, id)
    return job.state, job.done, job.skipped, kind_of(job.kind)(runtime()).words(job)


def changes(funnel: Funnel) -> list[CardChange]:
    found = select(CardChange).where(CardChange.funnel_id == funnel.id).order_by(CardChange.revision)
    return list(db.session.scalars(found))


def test_everybody_gets_one_card_at_the_bottom_and_is_taken_off_again(
    app: Flask, actor: Actor, doer: Doer, funnel: Funnel, stages: Stages, crowd: Crowd, segment: UUID
) -> None:
    at = stages(funnel)
    owned, ids = crowd(1, owner_id=actor.user_id), crowd(39)
    with write():
        had = cards.create(doer, funnel.id, {"contactId": ids[0], "stageId": at["won"]}).id
        own = cards.create(doer, funnel.id, {"contactId": ids[1]}).id
    id_ = begin(actor, funnel, segment, 40, value="10.50")
    crowd(1)  # came later
    assert run_jobs(app) == 1

    assert ended(actor, id_)[:3] == ("done", 39, 1)
    shown = [card for card in on_board(funnel) if card.id != had]
    assert [card.contact_id for card in shown] == [ids[1], *owned, ids[0], *ids[2:]]
    assert (shown[0].id, shown[1].owner_id, shown[2].owner_id) == (own, actor.user_id, None)
    made = changes(funnel)
    assert [change.revision for change in made] == list(range(1, 42))
    assert db.session.get_one(Funnel, funnel.id).revision == 41
    assert {(c.kind, c.actor, c.to_state, c.value, c.open_delta) for c in made[2:]} == {
        ("created", actor.name, "open", Decimal("10.50"), Decimal("10.50"))
    }
    assert all(card.revision == change.revision for card, change in zip(shown[1:], made[2:], strict=True))
    entry = timeline.entries(db.session(), actor.account_id, ids[5])[0]
    assert (entry.kind, entry.facts["cardId"], entry.actor_id) == ("deal.created", str(shown[6].id), actor.user_id)

    with write():
        moving.move(doer, shown[3].id, Place(at["talking"]))
        cards.remove(doer, shown[4].id)
    back = undo(actor, id_)
    run_jobs(app)
    assert ended(actor, back)[:3] == ("done", 37, 2)
    assert {card.id for card in on_board(funnel)} == {had, own, shown[3].id}
    made = changes(funnel)
    assert [change.revision for change in made] == list(range(1, len(made) + 1))
    assert sum(change.open_delta for change in made) == Decimal("10.50")
    assert timeline.entries(db.session(), actor.account_id, ids[5])[0].kind == "deal.removed"
    assert db.session.scalar(select(func.count()).select_from(JobPart)) == 0
    with write():
        assert cards.restore(doer, shown[6].id).removed_at is None


@SQLITE
def test_another_worker_goes_on_where_one_died(
    app: Flask, actor: Actor, funnel: Funnel, crowd: Crowd, segment: UUID, travel: Callable[[timedelta], None]
) -> None:
    ids, told = crowd(60), []
    falls = [37]

    def dies_once(_connection: object, _name: str, _account: UUID, payload: dict[str, Any]) -> None:
        told.append(payload["contactId"])
        if [len(told)] == falls:
            falls.clear()
            raise OperationalError("gone", None, Exception())

    id_ = begin(actor, funnel, segment, 60)
    events.subscribe("deal.created", dies_once)
    try:
        run_jobs(app)
        state, done, _, _ = ended(actor, id_)
        assert (state, len(on_board(funnel))) == ("running", done)
        assert 0 < done < 37
        travel(timedelta(seconds=6))
        run_jobs(app)
    finally:
        events.unsubscribe("deal.created", dies_once)
    assert ended(actor, id_)[:3] == ("done", 60, 0)
    assert [card.contact_id for card in on_board(funnel)] == ids
    assert [change.revision for change in changes(funnel)] == list(range(1, 61))
    entries = select(func.count()).select_from(TimelineEntry).where(TimelineEntry.kind == "deal.created")
    assert db.session.scalar(entries) == 60


@SQLITE
def test_rules_work_on_the_cards_and_do_not_keep_an_undo_from_them(
    app: Flask, actor: Actor, doer: Doer, funnel: Funnel, stages: Stages, crowd: Crowd, segment: UUID
) -> None:
    crowd(12)
    to = stages(funnel)["talking"]

    def moves_on(_connection: object, _name: str, _account: UUID, payload: dict[str, Any]) -> None:
        moving.move(Doer(Actor(actor.account_id, None, "regra"), actor.account_id), UUID(payload["dealId"]), Place(to))

    id_ = begin(actor, funnel, segment, 12)
    events.subscribe("deal.created", moves_on)
    try:
        run_jobs(app)
    finally:
        events.unsubscribe("deal.created", moves_on)
    assert {card.stage_id for card in on_board(funnel)} == {to}
    assert [change.revision for change in changes(funnel)] == list(range(1, 25))
    worked_on = on_board(funnel)[0].id
    with write():
        cards.update(doer, worked_on, {"notes": "ours"})
    back = undo(actor, id_)
    run_jobs(app)
    assert (ended(actor, back)[:3], len(on_board(funnel))) == (("done", 11, 1), 1)


@SQLITE
def test_what_was_deleted_meanwhile_ends_the_job_in_words(
    app: Flask, actor: Actor, make_funnel: Callable[..., Funnel], crowd: Crowd, segment: UUID
) -> None:
    crowd(3)
    first, second = make_funnel("A"), make_funnel("B")
    gone = begin(actor, first, segment, 3)
    with write() as session:
        session.get_one(Funnel, first.id).deleted_at = session.get_one(Funnel, first.id).created_at
    run_jobs(app)
    lost = begin(actor, second, segment, 3)
    with write():
        segments.delete(actor, segment)
    run_jobs(app)
    for id_ in (gone, lost):
        state, done, _, said = ended(actor, id_)
        assert (state, done, "foi excluíd" in said) == ("done", 0, True), said
    assert db.session.scalar(select(func.count()).select_from(Card)) == 0
