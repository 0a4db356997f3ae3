"""The latest opens: the only raw rows of these pages, found by their key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.opens.models import COUNTED, Open
from app.opens.stats import rows

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Latest:
    id: UUID
    at: datetime
    ref: str
    file: str
    open_class: str
    client: str
    device: str


def latest(session: Session, account_id: UUID, *, automatic: bool, limit: int = SHOWN) -> list[Latest]:
    """Views, newest first; `automatic`: those of machines too."""
    found = rows.latest(session, account_id, None, None, limit=limit, automatic=automatic)
    opens = [row.open for row in found]
    return [
        Latest(one.id, one.created_at, one.ref, one.file, one.open_class, one.client or "", one.device or "")
        for one in opens
    ]


def minutes(session: Session, account_id: UUID, start: datetime, count: int, most: int) -> list[int]:
    """A picture of the last minutes, people's views in each of `count` from `start`, from `most` rows at most."""
    found = (
        select(Open.created_at, Open.open_class, Open.is_view)
        .where(Open.account_id == account_id, Open.created_at >= start)
        .order_by(Open.created_at.desc(), Open.id.desc())
        .limit(most)
    )
    seen = [0] * count
    for at, open_class, is_view in session.execute(found):
        place = int((at - start).total_seconds() // 60)
        if is_view and open_class in COUNTED and place < count:
            seen[place] += 1
    return seen
