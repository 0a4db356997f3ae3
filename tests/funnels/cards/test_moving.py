"""Cards moved: into other stages, to other places, closed, reopened, taken back."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.core import event_types, events
from app.core.db import db, write
from app.core.errors import Conflict, Invalid, NotFound
from app.funnels import ranks
from app.funnels.cards import history, moving, service
from app.funnels.cards.history import Doer
from app.funnels.cards.placing import Place
from app.funnels.models import Card, CardChange, Funnel

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Stages = Callable[[Funnel], dict[str, UUID]]


def order(stage_id: UUID) -> list[UUID]:
    mine = (Card.stage_id == stage_id) & Card.removed_at.is_(None)
    return list(db.session.scalars(select(Card.id).where(mine).order_by(Card.rank)))


def move(doer: Doer, card: UUID, place: Place, **more: Any) -> CardChange:
    with write():
        return moving.move(doer, card, place, **more)[1]


def test_a_card_goes_between_its_new_neighbours(
    doer: Doer, make_funnel: Callable[..., Funnel], make_card: Callable[..., UUID], stages: Stages
) -> None:
    funnel = make_funnel()
    new, talking = stages(funnel)["new"], stages(funnel)["talking"]
    c, b, a = make_card(funnel), make_card(funnel), make_card(funnel)  # a new one goes to the top
    x = make_card(funnel, stageId=str(talking))
    assert order(new) == [a, b, c]

    move(doer, x, Place(new, after_id=a, before_id=b))
    assert order(new) == [a, x, b, c]
    move(doer, c, Place(new, before_id=a))
    assert order(new) == [c, a, x, b]
    move(doer, c, Place(new, after_id=b))
    assert order(new) == [a, x, b, c]
    move(doer, a, Place(talking))
    move(doer, b, Place(new, after_id=a, before_id=x))  # the one above has gone meanwhile: the other decides
    assert (order(new), order(talking)) == ([b, x, c], [a])


def test_ranks_that_grew_long_are_spread_out(
    doer: Doer, make_funnel: Callable[..., Funnel], make_card: Callable[..., UUID], stages: Stages
) -> None:
    funnel = make_funnel()
    new = stages(funnel)["new"]
    top, second, third, last = [make_card(funnel) for _ in range(4)][::-1]
    crowded = "a0" + "V" * (ranks.LONG - 3)  # what many moves to one place lead to
    with write() as session:
        for id_, rank in ((top, crowded + "V"), (second, crowded + "W")):
            session.execute(update(Card).where(Card.id == id_).values(rank=rank))
        for id_, rank in ((third, "a1"), (last, "a2")):
            session.execute(update(Card).where(Card.id == id_).values(rank=rank))
    move(doer, last, Place(new, after_id=top, before_id=second))
    assert order(new) == [top, last, second, third]
    assert max(len(rank) for rank in db.session.scalars(select(Card.rank))) <= 5


@SQLITE
def test_winning_losing_and_reopening_are_told(
    doer: Doer, make_funnel: Callable[..., Funnel], make_card: Callable[..., UUID], stages: Stages
) -> None:
    heard: list[tuple[str, Any]] = []
    keys: set[str] = set()

    def hear(_connection: object, event: str, _account: UUID, told: dict[str, Any]) -> None:
        event_types.public()[event].payload.model_validate(told, extra="forbid")
        heard.append((event, told.get("fields") or told["state"]))
        keys.update(told)

    names = ("deal.created", "deal.moved", "deal.won", "deal.lost", "deal.updated")
    for name in names:
        events.subscribe(name, hear)
    funnel = make_funnel()
    at = stages(funnel)
    card = make_card(funnel, value="99.90")
    with pytest.raises(Invalid) as refused:
        move(doer, card, Place(at["lost"]))
    assert list(refused.value.fields) == ["reason"]
    move(doer, card, Place(at["lost"]), reason="Preço")
    lost = service.get(doer.actor.account_id, card)
    assert (lost.state, lost.reason, lost.closed_at is not None) == ("lost", "Preço", True)
    move(doer, card, Place(at["new"]))
    move(doer, card, Place(at["won"]))
    changes = history.changes_of(db.session(), service.get(doer.actor.account_id, card))
    with write():
        service.update(doer, card, {"ownerId": doer.actor.user_id, "notes": "Ana", "expectedClose": "2026-12-24"})
    with write():
        service.remove(doer, card)
    with write():
        service.restore(doer, card)
    for name in names:
        events.unsubscribe(name, hear)

    assert heard == [
        ("deal.created", "open"), ("deal.lost", "lost"), ("deal.moved", "lost"), ("deal.moved", "open"),
        ("deal.won", "won"), ("deal.moved", "won"), ("deal.updated", ["notes", "ownerId", "expectedClose"]),
        ("deal.updated", ["removed"]), ("deal.updated", ["restored"]),
    ]  # fmt: skip
    assert keys == {
        "dealId", "contactId", "funnelId", "stageId", "state", "value", "ownerId", "expectedClose", "version",
        "fromStageId", "ruleId", "fields",
    }  # fmt: skip
    assert [(one.kind, one.to_state, one.open_delta) for one in reversed(changes)] == [
        ("created", "open", Decimal("99.90")), ("moved", "lost", Decimal("-99.90")),
        ("moved", "open", Decimal("99.90")), ("moved", "won", Decimal("-99.90")),
    ]  # fmt: skip
    assert [one.revision for one in reversed(changes)] == [1, 2, 3, 4]


@SQLITE
def test_an_open_card_has_no_reason(
    doer: Doer, make_funnel: Callable[..., Funnel], make_card: Callable[..., UUID], stages: Stages
) -> None:
    funnel = make_funnel()
    card = make_card(funnel)
    move(doer, card, Place(stages(funnel)["talking"]), reason="Preço")
    assert service.get(doer.actor.account_id, card).reason is None


@SQLITE
def test_the_last_move_is_taken_back_to_where_it_was(
    doer: Doer, make_funnel: Callable[..., Funnel], make_card: Callable[..., UUID], stages: Stages
) -> None:
    funnel = make_funnel()
    at = stages(funnel)
    _c, b, a = make_card(funnel), make_card(funnel), make_card(funnel)
    before = order(at["new"])
    change = move(doer, b, Place(at["lost"]), reason="Preço")
    with write():
        card, back = moving.undo(doer, change.id)
    assert (order(at["new"]), card.state, card.reason) == (before, "open", None)
    with pytest.raises(Conflict), write():
        moving.undo(doer, change.id)
    with write():
        card, _ = moving.undo(doer, back.id)  # taken back once more: lost for the same reason
    assert (card.state, card.reason) == ("lost", "Preço")
    change = move(doer, a, Place(at["new"], after_id=before[2]))
    with write():
        moving.undo(doer, change.id)
    assert order(at["new"]) == [a, before[2]]


@SQLITE
def test_stale_and_foreign_moves_are_refused(
    doer: Doer, make_funnel: Callable[..., Funnel], make_card: Callable[..., UUID], stages: Stages
) -> None:
    funnel, other = make_funnel(), make_funnel("Outro")
    card = make_card(funnel)
    with pytest.raises(Conflict) as refused:
        move(doer, card, Place(stages(funnel)["talking"]), version=7)
    assert refused.value.current.id == card
    with pytest.raises(Invalid) as wrong:
        move(doer, card, Place(stages(other)["talking"]))
    assert list(wrong.value.fields) == ["stageId"]
    with pytest.raises(NotFound):
        move(doer, funnel.id, Place(stages(funnel)["talking"]))


@SQLITE
def test_a_contact_has_one_open_card_in_a_funnel(
    doer: Doer, make_funnel: Callable[..., Funnel], make_card: Callable[..., UUID], stages: Stages
) -> None:
    funnel = make_funnel()
    at = stages(funnel)
    first = make_card(funnel)
    person = service.get(doer.actor.account_id, first).contact_id
    with pytest.raises(Conflict), write():
        service.create(doer, funnel.id, {"contactId": person})
    move(doer, first, Place(at["won"]))
    with write():
        second = service.create(doer, funnel.id, {"contactId": person}).id
    with pytest.raises(Conflict):
        move(doer, first, Place(at["new"]))
    with write():
        service.remove(doer, second)
    move(doer, first, Place(at["new"]))
    with pytest.raises(Conflict), write():
        service.restore(doer, second)
