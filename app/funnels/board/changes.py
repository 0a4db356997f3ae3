"""What changed on a board since somebody looked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID
from zlib import crc32

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.funnels.models import CardChange, Funnel, Stage

MOST_CARDS = 200  # more are fetched with the whole page
MOST_CHANGES = 2_000


class Changed(NamedTuple):
    """Cards, whatever became of them, and the stages that they were or are in."""

    card_ids: frozenset[UUID]
    stage_ids: frozenset[UUID]


def since(session: Session, funnel: Funnel, revision: int) -> Changed | None:
    """None: too much, or nothing that can be told apart."""
    if revision > funnel.revision:
        return None
    columns = CardChange.card_id, CardChange.from_stage_id, CardChange.to_stage_id
    mine = select(*columns).where(CardChange.funnel_id == funnel.id, CardChange.revision > revision)
    rows = session.execute(mine.limit(MOST_CHANGES + 1)).all()
    cards = frozenset(row.card_id for row in rows)
    if len(rows) > MOST_CHANGES or len(cards) > MOST_CARDS:
        return None
    both = {id for row in rows for id in (row.from_stage_id, row.to_stage_id)}
    return Changed(cards, frozenset(id for id in both if id is not None))


def shape_of(funnel: Funnel, stages: Sequence[Stage], today: date) -> str:
    """A short mark of all that a board shows besides its cards: its columns, and the day, since each day makes cards
    stay longer. A board of another shape is fetched anew."""
    looks = [(stage.id, stage.name, stage.color, stage.kind, stage.stalled_after) for stage in stages]
    return f"{crc32(repr((funnel.name, funnel.reasons, looks, today)).encode()):08x}"
