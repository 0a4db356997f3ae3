"""The funnels of the demo: two months of deals that came, moved, stood still, were won and lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from flask_babel import force_locale
from sqlalchemy import select

from app.accounts.models import User
from app.contacts.models import Contact
from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from app.funnels.cards import moving
from app.funnels.cards import service as cards
from app.funnels.cards.history import Doer
from app.funnels.cards.placing import Place
from app.funnels.models import Stage
from app.funnels.states import State
from app.funnels.structure import reading
from app.funnels.structure import service as funnels

DAYS = 60
CARDS = 70
AT_ONCE = 5
FUNNELS = (("Vendas", "Do primeiro contato ao contrato.", "sales", 0.75), ("Renovações", None, "leads", 0.25))
VALUES = (450, 890, 1200, 1990, 2500, 3750, 4800, 7900, 12500, 24000)
NOTES = (
    "Pediu proposta por e-mail.", "Decide com a sócia até sexta.", "Quer começar com um plano menor.",
    "Comparando com o fornecedor atual.", "",  "", "",
)  # fmt: skip
STALLED_AFTER = (7, 7, 10, 10, 14)


class Scene(NamedTuple):
    """What happens to one card at a time: it is made, or goes to the stage of that number."""

    at: datetime
    card: int
    stage: int | None


def fill_funnels(random: Random, account_id: UUID, now: datetime, count: int) -> int:
    """Writes them by the verbs that people use, with the clock set to the day of each change; how many cards."""
    doers = [Doer(Actor(account_id, user.id, user.email)) for user in _people(account_id)]
    contacts = _contacts(account_id, now - timedelta(days=DAYS))
    for name, description, pattern, share in FUNNELS:
        number = min(round(count * share), len(contacts))
        stages = _make(doers[0], {"name": name, "description": description, "pattern": pattern})
        chosen = random.sample(contacts, number)
        _play(random, doers, stages, chosen, sorted(_scenes(random, stages, number, now)))
    return count


def _people(account_id: UUID) -> list[User]:
    found = db.session.scalars(select(User).where(User.account_id == account_id).order_by(User.created_at)).all()
    return [user for user in found if user.role != "viewer"]


def _contacts(account_id: UUID, before: datetime) -> list[UUID]:
    mine = select(Contact.id).where(Contact.account_id == account_id, Contact.created_at < before)
    return list(db.session.scalars(mine.order_by(Contact.serial)))


def _make(doer: Doer, values: dict[str, Any]) -> list[Stage]:
    with write() as session, force_locale("pt_BR"):
        funnel = funnels.create(doer.actor, values)
        stages = reading.stages_of(session, funnel.id)
        for stage, days in zip(stages, STALLED_AFTER, strict=False):
            stage.stalled_after = days if stage.kind == State.OPEN else None
    return list(stages)


def _scenes(random: Random, stages: list[Stage], count: int, now: datetime) -> Iterator[Scene]:
    """Each deal from its first day on: it goes on, is lost, or stands where it is to this day."""
    open_stages = [number for number, stage in enumerate(stages) if stage.kind == State.OPEN]
    won, lost = (next(n for n, stage in enumerate(stages) if stage.kind == kind) for kind in (State.WON, State.LOST))
    for card in range(count):
        at = now - timedelta(minutes=random.randrange(60, DAYS * 24 * 60))
        yield Scene(at, card, None)
        for following in [*open_stages[1:], won]:
            at += timedelta(hours=random.randrange(3, 24 * 9))
            if at >= now:
                break
            if random.random() < 0.17:
                yield Scene(at, card, lost)
                break
            yield Scene(at, card, following)


def _play(random: Random, doers: list[Doer], stages: list[Stage], contacts: list[UUID], scenes: list[Scene]) -> None:
    funnel_id, ids, made = stages[0].funnel_id, [stage.id for stage in stages], dict[int, UUID]()
    reasons = reading.get(doers[0].actor.account_id, funnel_id).reasons
    whose = [random.choice(doers) for _ in contacts]
    ahead = iter(scenes)
    while part := list(islice(ahead, AT_ONCE)):
        with write():
            for scene in part:
                shift = scene.at - clock.now()
                clock.travel(shift)
                try:
                    if scene.stage is None:
                        values = _values(random, contacts[scene.card], whose[scene.card], scene.at.date())
                        made[scene.card] = cards.create(whose[scene.card], funnel_id, values).id
                    else:
                        place = Place(ids[scene.stage])
                        reason = random.choice(reasons) if stages[scene.stage].kind == State.LOST else None
                        moving.move(whose[scene.card], made[scene.card], place, reason=reason)
                finally:
                    clock.travel(-shift)


def _values(random: Random, contact_id: UUID, doer: Doer, day: date) -> dict[str, Any]:
    due = (day + timedelta(days=random.randrange(10, 90))).isoformat() if random.random() < 0.7 else None
    return {
        "contactId": contact_id,
        "value": str(random.choice(VALUES)),
        "notes": random.choice(NOTES),
        "ownerId": doer.actor.user_id,
        "expectedClose": due,
    }
