"""Cards that live through what chance gives them, by the real verbs, and what they were after each step."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from hypothesis import strategies as st
from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import uuid7
from app.funnels.cards import moving, service
from app.funnels.cards.history import Doer
from app.funnels.cards.placing import Place
from app.funnels.models import Card, CardChange, Funnel, Stage
from app.funnels.structure import reading


class Seen(NamedTuple):
    """A card right after something was done to it."""

    at: datetime
    verb: str
    card: UUID
    stage: UUID
    state: str
    value: Decimal
    owner: UUID | None
    reason: str | None
    removed: bool
    entered: datetime
    created: datetime
    expected: date | None


class Step(NamedTuple):
    after_s: int
    verb: str
    who: int
    where: int
    value: int


VERBS = ["create"] * 4 + ["move"] * 8 + ["value", "value", "hand_over", "date", "remove", "restore", "undo", "order"]
LONG = st.lists(
    st.builds(
        Step,
        after_s=st.one_of(st.integers(0, 3_600), st.integers(0, 4 * 86_400)),
        verb=st.sampled_from(VERBS),
        who=st.integers(0, 30),
        where=st.integers(0, 30),
        value=st.sampled_from([0, 1, 99_999, 100_000, 333_333, 1_234_567_890]),
    ),
    min_size=20,
    max_size=45,
)
REASONS = ["Preço", "Sem resposta", "Prazo"]


@dataclass
class Life:
    """A funnel with two ways to lose. `live` takes steps; those that are refused leave nothing."""

    doer: Doer
    funnel: Funnel
    contacts: list[UUID]
    owners: list[UUID]
    travel: Any
    seen: list[Seen] = field(default_factory=list)
    cards: list[UUID] = field(default_factory=list)
    moves: list[UUID] = field(default_factory=list)

    @property
    def stages(self) -> list[Stage]:
        return list(reading.stages_of(db.session(), self.funnel.id))

    def live(self, steps: list[Step], deletes_at: int) -> None:
        for number, step in enumerate(steps):
            self.travel(timedelta(seconds=step.after_s))
            if number == deletes_at:
                self._delete_a_stage()
            try:
                card = getattr(self, f"_{step.verb}")(step)
            except (Conflict, Invalid, NotFound, LookupError):
                continue
            self._note(step.verb, card)

    def _note(self, verb: str, id_: UUID) -> None:
        session = db.session()
        card = session.get_one(Card, id_)
        at = session.scalars(select(CardChange.at).where(CardChange.card_id == id_).order_by(CardChange.revision)).all()
        self.seen.append(
            Seen(at[-1], verb, id_, card.stage_id, card.state, card.value, card.owner_id, card.reason,
                 card.removed_at is not None, card.entered_at, card.created_at, card.expected_close)
        )  # fmt: skip

    def _delete_a_stage(self) -> None:
        """As people do it: its cards go on first. Removed ones stay where they were."""
        gone, to = self.stages[1], self.stages[2]
        there = (Card.stage_id == gone.id) & Card.removed_at.is_(None)
        for id_ in db.session.scalars(select(Card.id).where(there)).all():
            moving.move(self.doer, id_, Place(to.id))
            self._note("move", id_)
        gone.deleted_at = clock.now()
        db.session.flush()

    def _one(self, step: Step) -> UUID:
        return self.cards[step.who % len(self.cards)] if self.cards else uuid7()

    def _create(self, step: Step) -> UUID:
        given: dict[str, Any] = {
            "contactId": self.contacts[step.who % len(self.contacts)],
            "value": Decimal(step.value).scaleb(-2),
            "ownerId": self._owner(step),
        }
        if step.where > 20:
            given["stageId"] = self.stages[step.where % len(self.stages)].id
        card = service.create(self.doer, self.funnel.id, given)
        self.cards.append(card.id)
        return card.id

    def _move(self, step: Step) -> UUID:
        stage = self.stages[step.where % len(self.stages)]
        card = service.get(self.doer.actor.account_id, self._one(step))
        if stage.id == card.stage_id:
            raise LookupError
        said = REASONS[step.value % 3] if stage.kind == "lost" or step.value % 2 else None
        self.moves.append(moving.move(self.doer, card.id, Place(stage.id), reason=said)[1].id)
        return card.id

    def _order(self, step: Step) -> UUID:
        card = service.get(self.doer.actor.account_id, self._one(step))
        moving.move(self.doer, card.id, Place(card.stage_id))
        return card.id

    def _undo(self, step: Step) -> UUID:
        card, change = moving.undo(self.doer, self.moves[-1 - step.where % 2])
        self.moves.append(change.id)
        return card.id

    def _value(self, step: Step) -> UUID:
        return service.update(self.doer, self._one(step), {"value": Decimal(step.value + step.where).scaleb(-2)}).id

    def _hand_over(self, step: Step) -> UUID:
        return service.update(self.doer, self._one(step), {"ownerId": self._owner(step)}).id

    def _date(self, step: Step) -> UUID:
        day = clock.now().date() + timedelta(days=step.where * 12 - 60)
        return service.update(self.doer, self._one(step), {"expectedClose": day}).id

    def _remove(self, step: Step) -> UUID:
        return service.remove(self.doer, self._one(step)).id

    def _restore(self, step: Step) -> UUID:
        return service.restore(self.doer, self._one(step)).id

    def _owner(self, step: Step) -> Any:
        return [None, *self.owners][step.where % (len(self.owners) + 1)]
