"""The end of a stage: where its cards go, at once or by a worker that may die in the middle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.accounts.models import AuditEntry
from app.core import events, jobs
from app.core.access import Actor
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, NotFound
from app.core.jobs import Hold
from app.core.models import Job, JobState
from app.funnels.cards import moving
from app.funnels.cards import service as cards
from app.funnels.cards.history import Doer
from app.funnels.cards.placing import Place
from app.funnels.models import Card, CardChange, Funnel, Stage
from app.funnels.structure import reading
from app.funnels.structure.stages import emptying, service
from app.funnels.structure.stages.emptying import PART, HasCards, delete
from app.funnels.structure.stages.emptying_job import EmptyStage
from tests.jobs import run_jobs
from tests.people import bearer, new_user

Make = Callable[..., UUID]
Stages = Callable[[Funnel], dict[str, UUID]]
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def in_stage(stage_id: UUID) -> list[UUID]:
    """The cards in it, from the top."""
    db.session.rollback()
    found = select(Card.id).where(Card.stage_id == stage_id, Card.removed_at.is_(None))
    return list(db.session.scalars(found.order_by(Card.rank)))


@pytest.fixture
def told() -> Iterator[list[dict[str, Any]]]:
    """What deal.moved tells in this test."""
    heard: list[dict[str, Any]] = []
    events.subscribe("deal.moved", listener := lambda _connection, _name, _account, payload: heard.append(payload))
    yield heard
    events.unsubscribe("deal.moved", listener)


def names(funnel_id: UUID) -> list[str]:
    found = reading.stages_of(db.session(), funnel_id)
    assert [stage.position for stage in found] == list(range(len(found)))
    return [stage.name for stage in found]


def test_cards_go_below_those_that_are_there_in_their_order_and_rules_hear_that_they_need_not_answer(
    actor: Actor,
    make_funnel: Callable[..., Funnel],
    make_card: Make,
    stages: Stages,
    told: list[dict[str, Any]],
) -> None:
    funnel = make_funnel()
    id_, at = funnel.id, stages(funnel)
    there = [make_card(funnel, stageId=at["talking"]) for _ in range(2)][::-1]
    theirs = [make_card(funnel, value="10.10") for _ in range(PART + 2)][::-1]
    gone = make_card(funnel)
    with write():
        cards.remove(Doer(actor), gone)
        version, revision = reading.get(actor.account_id, id_).version, reading.get(actor.account_id, id_).revision

    assert delete(actor, id_, at["new"], to=at["talking"]) is None
    assert in_stage(at["talking"]) == there + theirs
    funnel = reading.get(actor.account_id, id_)
    assert (funnel.revision, funnel.version > version) == (revision + PART + 2, True)
    assert {payload.get("undone") for payload in told} == {True}
    moved = select(CardChange.card_id).where(CardChange.kind == "moved", CardChange.from_stage_id == at["new"])
    assert list(db.session.scalars(moved.order_by(CardChange.revision))) == theirs
    entry = db.session.scalar(select(AuditEntry.changes).where(AuditEntry.action == "stage.deleted"))
    assert entry == {"funnel": [None, "Vendas"], "number": [None, PART + 2]}
    assert len(names(id_)) == 4
    with write():
        assert cards.restore(Doer(actor), gone).stage_id == at["talking"]  # the first one that is left


@on_sqlite
def test_what_cannot_be_is_refused_and_nothing_moves(
    actor: Actor, make_funnel: Callable[..., Funnel], make_card: Make, stages: Stages
) -> None:
    funnel, other = make_funnel(), make_funnel("Outro")
    id_, at, far = funnel.id, stages(funnel), stages(other)["new"]
    ana, bia = make_card(funnel), make_card(funnel, stageId=at["talking"])
    with write():
        moving.move(Doer(actor), bia, Place(at["won"]))
    with pytest.raises(HasCards) as asked:
        delete(actor, id_, at["new"])
    assert asked.value.extra == {"cards": 1}
    for to, reason, field in ((at["new"], None, "to"), (far, None, "to"), (at["lost"], " ", "reason")):
        with pytest.raises(Invalid) as error:
            delete(actor, id_, at["new"], to=to, reason=reason)
        assert list(error.value.fields) == [field]
    with pytest.raises(Conflict):
        delete(actor, id_, at["new"], to=at["won"], version=9)
    with write():
        contact = cards.get(actor.account_id, ana).contact_id
        cards.create(Doer(actor), id_, {"contactId": contact, "stageId": at["won"]})
    with pytest.raises(Conflict) as second:  # it would be the second open card of this contact
        delete(actor, id_, at["won"], to=at["new"])
    assert str(second.value.message) == str(emptying.SECOND)
    meanwhile = emptying.Leaving(actor.account_id, id_, at["won"], at["new"])  # asked for before there was a second one
    with pytest.raises(Conflict) as late, write() as session:
        emptying.move_part(session, actor, meanwhile, 0)
    assert (str(late.value.message), late.value.current) == (str(emptying.SECOND), None)
    with write(), pytest.raises(Invalid) as kept:
        service.update(actor, id_, at["won"], {"kind": "lost"})
    assert list(kept.value.fields) == ["kind"]
    assert (in_stage(at["new"]), len(names(id_))) == ([ana], 5)

    assert delete(actor, id_, at["won"], to=at["lost"], reason="Preço") is None
    closed = db.session.execute(select(Card.state, Card.reason).where(Card.stage_id == at["lost"])).all()
    assert [tuple(row) for row in closed] == [("lost", "Preço")] * 2
    assert delete(actor, id_, at["talking"]) is None  # nothing is in it
    with pytest.raises(NotFound):
        delete(actor, id_, at["talking"])


@on_sqlite
def test_a_worker_goes_on_where_another_died_and_takes_along_what_came_meanwhile(
    app: Flask, actor: Actor, make_funnel: Callable[..., Funnel], make_card: Make, stages: Stages
) -> None:
    funnel = make_funnel()
    id_, at = funnel.id, stages(funnel)
    theirs = [make_card(funnel) for _ in range(PART + 3)][::-1]
    job_id = delete(actor, id_, at["new"], to=at["talking"], at_once=PART)
    assert (len(in_stage(at["new"])), run_half(app, job_id)) == (PART + 3, PART)
    late = make_card(funnel)
    with write() as session:  # the lease of the one that died ends
        session.execute(update(Job).values(lease_until=None))

    assert run_jobs(app) == 1
    db.session.rollback()
    job = jobs.get(db.session(), actor.account_id, job_id)
    assert (job.state, job.done, job.total) == (JobState.DONE, PART + 4, PART + 3)
    assert in_stage(at["talking"]) == [*theirs[:PART], late, *theirs[PART:]]
    assert (in_stage(at["new"]), len(names(id_))) == ([], 4)
    changes = db.session.scalar(select(AuditEntry.changes).where(AuditEntry.action == "stage.deleted"))
    assert (changes or {})["number"] == [None, PART + 4]


def run_half(app: Flask, job_id: UUID | None) -> int:
    """What a worker does of the job that is killed after the first part."""

    class Killed(BaseException):
        pass

    class Dying(Hold):
        def part(self):  # type: ignore[no-untyped-def]
            if self.cursor is not None:
                raise Killed
            return super().part()

    from app.core.jobs.running import _take
    from app.core.runtime import runtime

    assert job_id is not None
    hold = _take(runtime(app), job_id)
    assert hold is not None
    dying = Dying(**{name: getattr(hold, name) for name in Hold.__dataclass_fields__})
    with pytest.raises(Killed):
        EmptyStage(runtime(app)).run(dying)
    return int((dying.cursor or {})["number"])


@on_sqlite
def test_a_job_whose_other_stage_is_gone_leaves_the_rest_and_says_so(
    app: Flask, actor: Actor, make_funnel: Callable[..., Funnel], make_card: Make, stages: Stages
) -> None:
    funnel = make_funnel()
    id_, at = funnel.id, stages(funnel)
    ana = make_card(funnel)
    for stage, expected in (("talking", {"stays": True}), ("new", {"gone": True})):
        job_id = delete(actor, id_, at["new"], to=at["qualified" if stage == "new" else "talking"], at_once=0)
        delete(actor, id_, at[stage], to=at["qualified"])
        run_jobs(app)
        db.session.rollback()
        job = jobs.get(db.session(), actor.account_id, job_id)
        assert (job.state, job.result) == (JobState.DONE, expected)
    assert in_stage(at["qualified"]) == [ana]
    assert db.session.scalar(select(Stage.name).where(Stage.id == at["new"], Stage.deleted_at.is_(None))) is None


@on_sqlite
def test_the_api_tells_how_many_cards_there_are_and_moves_them(
    app: Flask, client: FlaskClient, actor: Actor, make_funnel: Callable[..., Funnel], make_card: Make, stages: Stages
) -> None:
    token = bearer(app, new_user(app, "manager"))
    funnel = make_funnel()
    at = stages(funnel)
    make_card(funnel, value="10.50")
    url = f"/api/funnels/{funnel.id}/stages"
    asked = client.delete(f"{url}/{at['new']}", headers=token)
    assert (asked.status_code, asked.get_json()["cards"], "1" in asked.get_json()["error"]) == (409, 1, True)
    for query in (f"to={at['new']}", "to=x", f"to={at['lost']}", f"to={at['lost']}&reason={'x' * 121}"):
        assert client.delete(f"{url}/{at['new']}?{query}", headers=token).status_code == 400, query
    to_lost = f"to={at['lost']}&reason=Pre%C3%A7o"
    assert client.delete(f"{url}/{at['new']}?{to_lost}", headers=token).status_code == 204
    found = client.get(f"/api/funnels/{funnel.id}", headers=token).get_json()
    assert [(stage["name"], stage["cards"], stage["value"]) for stage in found["stages"]][-1] == ("Perdido", 1, 10.5)
    assert (found["openCards"], found["openValue"]) == (0, 0)
