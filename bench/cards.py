"""A funnel with any number of cards, quickly, on both databases: as the product keeps them, with tags and a history."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, insert, select, update

from app.contacts.models import Contact
from app.core import clock
from app.core.db import begin_write, db, write
from app.core.ids import uuid7
from app.funnels import ranks
from app.funnels.models import Card, CardChange, Funnel
from app.funnels.states import ChangeKind, State
from app.funnels.structure import reading
from app.funnels.structure import service as structure
from bench.people import SEED

AT_ONCE = 2_000
CLOSED = 5  # one in so many is won or lost


def fill_funnel(engine: Engine, actor: Any, name: str, count: int) -> UUID:
    """That many cards in a new funnel of seven stages, of the account's first contacts that are not the previous
    funnels'; call it inside the app's context. Returns the funnel's id."""
    with write():
        funnel = structure.create(actor, {"name": name, "pattern": "sales"})
    stages = list(reading.stages_of(db.session(), funnel.id))
    taken = select(Card.contact_id)
    mine = select(Contact.id).where(Contact.account_id == actor.account_id, Contact.id.not_in(taken))
    people = list(db.session.scalars(mine.order_by(Contact.serial).limit(count)))
    db.session.rollback()
    rows, random, start = [], Random(SEED), clock.now() - timedelta(days=90)
    each = {stage.id: iter(ranks.some_between(None, None, count)) for stage in stages}
    open_ones = [stage for stage in stages if stage.kind == State.OPEN]
    closed = [stage for stage in stages if stage.kind != State.OPEN]
    for number, contact_id in enumerate(people):
        stage = random.choice(closed if number % CLOSED == 0 else open_ones)
        at = start + timedelta(seconds=random.randrange(90 * 86_400))
        rows.append(
            {
                "id": uuid7(), "account_id": actor.account_id, "funnel_id": funnel.id, "stage_id": stage.id,
                "contact_id": contact_id, "state": stage.kind, "rank": next(each[stage.id]),
                "value": Decimal(random.randrange(10_000, 2_000_000)) / 100, "notes": "", "owner_id": actor.user_id,
                "entered_at": at, "entries": 1, "closed_at": None if stage.kind == State.OPEN else at,
                "created_at": at, "updated_at": at, "revision": number + 1, "version": 1,
            }
        )  # fmt: skip
    changes = map(_made, rows)
    ahead = iter(rows)
    while part := list(islice(ahead, AT_ONCE)):
        with begin_write(engine) as connection:
            connection.execute(insert(Card), part)
            connection.execute(insert(CardChange), list(islice(changes, AT_ONCE)))
    with begin_write(engine) as connection:
        connection.execute(update(Funnel).where(Funnel.id == funnel.id).values(revision=len(rows)))
    return funnel.id


def _made(card: dict[str, Any]) -> dict[str, Any]:
    """The change that began a card."""
    return {
        "id": uuid7(), "account_id": card["account_id"], "funnel_id": card["funnel_id"], "card_id": card["id"],
        "revision": card["revision"], "kind": ChangeKind.CREATED, "to_stage_id": card["stage_id"],
        "to_state": card["state"], "value": card["value"],
        "open_delta": card["value"] if card["state"] == State.OPEN else Decimal(0), "owner_id": card["owner_id"],
        "fields": [], "actor": "bench", "at": card["created_at"],
    }  # fmt: skip
