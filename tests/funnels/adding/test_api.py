"""POST /api/funnels/<id>/contacts/bulk: whom it takes, what it refuses, who may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import AuditEntry
from app.core.access import Actor
from app.core.db import db, write
from app.core.ids import uuid7
from app.funnels.cards import service as cards
from app.funnels.cards.history import Doer
from app.funnels.models import Funnel
from tests.funnels.adding.conftest import make_segment, on_board
from tests.jobs import run_jobs
from tests.people import Person, bearer, new_user

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Crowd = Callable[..., list[UUID]]
Ask = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def funnel(make_funnel: Callable[..., Funnel]) -> Funnel:
    return make_funnel()


@pytest.fixture
def ask(app: Flask, client: FlaskClient, funnel: Funnel) -> Ask:
    path, operator = f"/api/funnels/{funnel.id}/contacts/bulk", bearer(app, new_user(app, "operator"))

    def post(under: str = "", headers: dict[str, str] = operator, at: str = path, **body: Any) -> Any:
        answer = client.post(at + under, json=body, headers=headers)
        return answer.status_code, answer.get_json()

    return post


def test_a_few_are_added_at_once_many_by_a_worker_and_both_are_undone(
    app: Flask, ask: Ask, doer: Doer, funnel: Funnel, stages: Callable[[Funnel], dict[str, UUID]], crowd: Crowd,
    segment: UUID,
) -> None:  # fmt: skip
    ids, at = crowd(3), stages(funnel)["qualified"]
    with write():
        cards.create(doer, funnel.id, {"contactId": ids[0]})
    status, job = ask(segmentId=str(segment), stageId=str(at), value=5, ownerId=str(doer.actor.user_id))
    assert (status, job["state"], job["done"], job["skipped"]) == (202, "done", 2, 1)
    made = [card for card in on_board(funnel) if card.stage_id == at]
    assert [(card.contact_id, float(card.value), card.owner_id) for card in made] == [
        (id_, 5.0, doer.actor.user_id) for id_ in ids[1:]
    ]
    status, undone = ask("/undo", job=job["id"])
    assert (status, undone["state"], undone["done"], len(on_board(funnel))) == (202, "done", 2, 1)
    assert ask("/undo", job=job["id"])[0] == 409
    assert ask("/undo", job=undone["id"])[0] == 404

    crowd(210)
    status, job = ask(segmentId=str(segment))
    assert (status, job["state"], job["total"]) == (202, "queued", 213)
    assert ask("/undo", job=job["id"])[0] == 409
    run_jobs(app)
    assert len(on_board(funnel)) == 213
    actions = db.session.scalars(select(AuditEntry.action).where(AuditEntry.action.startswith("funnel."))).all()
    assert actions == ["funnel.created", "funnel.contacts_added", "funnel.addition_undone", "funnel.contacts_added"]


def test_odd_wishes_are_refused_in_words(
    ask: Ask, crowd: Crowd, segment: UUID, funnel: Funnel, stages: Callable[[Funnel], dict[str, UUID]]
) -> None:
    crowd(1)
    fine, odd = {"segmentId": str(segment)}, str(uuid7())
    wishes: list[tuple[dict[str, Any], str | None]] = [
        ({}, "segmentId"),
        ({"segmentId": odd}, "segmentId"),
        ({"categoryId": "x"}, "categoryId"),
        ({"tag": "unknown"}, "tag"),
        ({**fine, "stageId": odd}, "stageId"),
        ({**fine, "stageId": str(stages(funnel)["won"])}, "stageId"),
        ({**fine, "ownerId": odd}, "ownerId"),
        ({**fine, "value": -1}, "value"),
        ({**fine, "notes": "x"}, "notes"),
    ]
    for body, field in wishes:
        status, told = ask(**body)
        assert (status, list(told["fields"])) == (400, [field]), body
    assert ask("/undo", job=odd)[0] == 404
    assert [ask(at=f"/api/funnels/{id_}/contacts/bulk", **fine)[0] for id_ in (odd, "x", "%00")] == [404] * 3


def test_nobody_reaches_further_than_they_may(
    app: Flask, ask: Ask, crowd: Crowd, segment: UUID, funnel: Funnel, other_account: Person,
    make_funnel: Callable[..., Funnel],
) -> None:  # fmt: skip
    crowd(2)
    viewer, stranger = bearer(app, new_user(app, "viewer")), bearer(app, other_account)
    by = Actor(other_account.account_id, other_account.id, other_account.email)
    theirs, own = make_segment(by), make_funnel("Deles", by=by)
    elsewhere = f"/api/funnels/{own.id}/contacts/bulk"
    assert ask(headers=viewer, segmentId=str(segment))[0] == 403
    assert ask(headers=stranger, segmentId=str(theirs))[0] == 404
    assert ask(segmentId=str(theirs))[0] == 400
    assert ask(headers=stranger, at=elsewhere, segmentId=str(segment))[0] == 400
    job = ask(segmentId=str(segment))[1]
    assert ask("/undo", headers=viewer, job=job["id"])[0] == 403
    assert ask("/undo", headers=stranger, job=job["id"])[0] == 404
    assert ask("/undo", headers=stranger, at=elsewhere, job=job["id"])[0] == 404
    other = make_funnel("Outro")
    assert ask("/undo", at=f"/api/funnels/{other.id}/contacts/bulk", job=job["id"])[0] == 404
    assert ask(headers=stranger, at=elsewhere, segmentId=str(theirs))[1]["done"] == 0
    assert (len(on_board(funnel)), len(on_board(own))) == (2, 0)
