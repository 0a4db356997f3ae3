"""Many people at one board: positions stay unique, the history complete, the sums right."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select

from app.core.db import db, write
from app.core.errors import AppError, Conflict
from app.funnels.cards import moving
from app.funnels.cards.history import Doer
from app.funnels.cards.placing import Place
from app.funnels.models import Card, CardChange, Funnel
from app.funnels.states import State

CARDS, MOVES, PEOPLE = 20, 200, 16


def test_two_hundred_moves_of_twenty_cards_at_once(
    app: Flask, doer: Doer, make_funnel: Callable[..., Funnel], make_card: Callable[..., UUID],
    stages: Callable[[Funnel], dict[str, UUID]],
) -> None:  # fmt: skip
    funnel = make_funnel()
    at = list(stages(funnel).values())
    cards = [make_card(funnel, value=f"{number}.50") for number in range(CARDS)]
    db.session.rollback()

    def move(seed: int) -> str:
        """A place seen a while ago; some look at the version, too."""
        random_ = random.Random(seed)
        card, near, stage = random_.choice(cards), random_.choice(cards), random_.choice(at)
        place = Place(stage, *random_.choice([(near, None), (None, near), (None, None)]))
        with app.app_context():
            try:
                with write():
                    moving.move(doer, card, place, reason="Preço", version=random_.choice([None, None, 3]))
            except Conflict:
                return "stale"
            except AppError as error:
                return type(error).__name__
            return "moved"

    with ThreadPoolExecutor(PEOPLE) as pool:
        said = Counter(pool.map(move, range(MOVES)))

    assert said.keys() <= {"moved", "stale"}
    assert_whole(funnel.id, created=CARDS, moved=said["moved"])


def assert_whole(funnel_id: UUID, *, created: int, moved: int) -> None:
    """That the cards are what their history says, and no two are at one place."""
    session = db.session()
    cards = {card.id: card for card in session.scalars(select(Card).where(Card.funnel_id == funnel_id))}
    mine = select(CardChange).where(CardChange.funnel_id == funnel_id).order_by(CardChange.revision)
    changes = session.scalars(mine).all()
    places = Counter((card.stage_id, card.rank) for card in cards.values())
    last: dict[UUID, Any] = {change.card_id: change for change in changes}

    assert max(places.values()) == 1
    assert [change.revision for change in changes] == list(range(1, created + moved + 1))
    assert session.get_one(Funnel, funnel_id, populate_existing=True).revision == created + moved
    for id_, card in cards.items():
        own = [change for change in changes if change.card_id == id_]
        chain = [change.to_stage_id for change in own[:-1]]
        assert [change.from_stage_id for change in own[1:]] == chain, "a move that began where no other ended"
        assert (last[id_].to_stage_id, last[id_].to_state, card.version) == (card.stage_id, card.state, len(own))
    open_value = sum((card.value for card in cards.values() if card.state == State.OPEN), Decimal(0))
    told = session.scalar(select(func.sum(CardChange.open_delta)).where(CardChange.funnel_id == funnel_id))
    assert told == open_value
