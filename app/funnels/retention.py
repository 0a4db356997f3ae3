"""Deleted funnels, removed for good with all that is in them, once nobody may bring them back."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, delete, func, select

from app.core.db import begin_write
from app.funnels.models import Card, CardChange, Funnel, RuleRun
from app.funnels.structure.reading import KEEP_DELETED

ROWS = 500  # that one transaction deletes
OF_A_FUNNEL = (RuleRun, CardChange, Card)  # in an order in which nothing goes along unseen


class Waiting(NamedTuple):
    rows: int
    oldest: datetime | None


def expired(engine: Engine, now: datetime) -> Waiting:
    """What `remove` would remove."""
    with engine.connect() as connection:
        return Waiting(*connection.execute(select(func.count(), func.min(Funnel.deleted_at)).where(_is_due(now))).one())


def remove(engine: Engine, now: datetime) -> int:
    """Removes funnels deleted over 30 days ago in short transactions; how many went. May run twice."""
    with engine.connect() as connection:
        due = list(connection.scalars(select(Funnel.id).where(_is_due(now))))
    return sum(_remove_one(engine, id_, now) for id_ in due)


def _remove_one(engine: Engine, id: UUID, now: datetime) -> int:
    """Judged again in each transaction, since it may have been brought back."""
    still = select(Funnel.id).where(Funnel.id == id, _is_due(now)).with_for_update()
    for model in OF_A_FUNNEL:
        some = select(model.id).where(model.funnel_id == id).limit(ROWS)
        done = ROWS
        while done == ROWS:
            with begin_write(engine) as connection:
                if connection.scalar(still) is None:
                    return 0
                done = connection.execute(delete(model).where(model.id.in_(some.scalar_subquery()))).rowcount
    with begin_write(engine) as connection:  # stages and rules, which are few, go along
        return connection.execute(delete(Funnel).where(Funnel.id == id, _is_due(now))).rowcount


def _is_due(now: datetime) -> ColumnElement[bool]:
    return Funnel.deleted_at < now - KEEP_DELETED
