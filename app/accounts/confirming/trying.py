"""A try to prove who one is, counted and judged: what the page and the API share."""

from __future__ import annotations

from uuid import UUID

from app.accounts import sign_in
from app.accounts.confirming import service
from app.accounts.second_factor import accepting
from app.accounts.second_factor.accepting import Verdict
from app.accounts.sign_in import WrongCredentials
from app.core import clock
from app.core.access import Actor
from app.core.db import db, write
from app.core.errors import Invalid
from app.core.ratelimit import limiter


def by_password(actor: Actor, session_id: UUID, password: str) -> None:
    """Raises Invalid for a wrong password, TooMany after ten a day and by the limits of sign-in."""
    day = [(service.PER_DAY, str(actor.user_id))]
    limiter().reserve(day)
    try:
        verified = sign_in.verify(
            db.session(), limiter(), email=actor.name, password=password, address=actor.ip_address
        )
        with write() as store:
            service.by_password(store, actor, session_id, verified, clock.now())
    except WrongCredentials:
        with write() as store:
            service.record_refusal(store, actor)
        raise Invalid({"password": [service.WRONG_PASSWORD]}) from None
    limiter().give_back(day)


def by_code(actor: Actor, session_id: UUID, code: str) -> None:
    """Raises Invalid for a wrong code, TooMany after ten a day and by the limits of codes."""
    tries = [(service.PER_DAY, str(actor.user_id)), *accepting.tries(accepting.person(actor))]
    limiter().reserve(tries)
    with write() as store:
        verdict = service.by_code(store, actor, session_id, code, clock.now())
    if verdict is not Verdict.TAKEN:
        raise Invalid({"code": [accepting.WORDS[verdict]]})
    limiter().give_back(tries)
