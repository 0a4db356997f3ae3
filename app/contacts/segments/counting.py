"""How many people fit a segment: exact up to a bound, and given up after a while."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contacts import search
from app.contacts.models import Contact
from app.contacts.segments.conditions import condition
from app.core import clock
from app.core.db import TooSlow, time_limited

COUNT_S = 2.0
LEAST_S = 0.05


@dataclass(frozen=True, slots=True)
class Count:
    """`number` is None when counting took too long; `more`: there are more than that."""

    number: int | None
    more: bool = False


def count(session: Session, account_id: UUID, rule: dict[str, Any], seconds: float = COUNT_S) -> Count:
    """Who fits a rule just now. The session may end its read transaction over it."""
    try:
        with time_limited(session, seconds):
            base = select(Contact).where(Contact.account_id == account_id, Contact.deleted_at.is_(None))
            return Count(*search.count(session, base.where(condition(session, account_id, rule))))
    except TooSlow:
        return Count(None, more=True)


def counts(session: Session, account_id: UUID, rules: Sequence[tuple[UUID, dict[str, Any]]]) -> Mapping[UUID, Count]:
    """Of a list of segments, as many as can be counted in the time that one may take."""
    ends_at = clock.monotonic() + COUNT_S
    found = {}
    for id_, rule in rules:
        left = ends_at - clock.monotonic()
        found[id_] = count(session, account_id, rule, left) if left > LEAST_S else Count(None, more=True)
    return found
