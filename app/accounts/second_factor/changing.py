"""A second factor turned on and off: counted, written and told by mail; what the pages and the API share."""

from __future__ import annotations

from uuid import UUID

from app.accounts import sessions
from app.accounts.models import User
from app.accounts.second_factor import accepting, letters, service
from app.core import clock, mail
from app.core.access import Actor
from app.core.db import db, write
from app.core.ratelimit import limiter


def confirm(actor: Actor, code: str, *, keeps: UUID | None) -> list[str]:
    """The recovery codes; of the person's sessions only `keeps` lives on. Raises Conflict, Invalid and TooMany, as
    `service.confirm` and the limits say."""
    tries = accepting.tries(accepting.person(actor))
    letter = letters.turned_on(db.session().get_one(User, actor.user_id))
    limiter().reserve(tries)
    with write() as store:
        codes = service.confirm(store, actor, code, clock.now())
        sessions.end_all(store, accepting.person(actor), keeps=keeps)  # they were opened without it
        mail.post(store.connection(), actor.account_id, actor.name, letter, clock.now() + letters.LIVES)
    limiter().give_back(tries)
    return codes


def turn_off(actor: Actor) -> None:
    """Raises Forbidden and Conflict, as `service.turn_off`."""
    letter = letters.turned_off(db.session().get_one(User, actor.user_id))
    with write() as store:
        service.turn_off(store, actor)
        mail.post(store.connection(), actor.account_id, actor.name, letter, clock.now() + letters.LIVES)
