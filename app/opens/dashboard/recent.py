"""The latest opens: the only raw rows of these pages, found by their key."""

from __future__ import annotations

from collections import Counter
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


def minutes(session: Session, account_id: UUID, start: datetime, count: int, most: int) -> list[int | None]:
    """A picture of the last minutes: people's views in each of `count` from `start`. Where there were more opens than
    `most`, the minutes before the newest so many are None: not looked at."""
    found = (
        select(Open.created_at, Open.open_class, Open.is_view)
        .where(Open.account_id == account_id, Open.created_at >= start)
        .order_by(Open.created_at.desc(), Open.id.desc())
        .limit(most)
    )
    rows = session.execute(found).all()
    seen: Counter[int] = Counter(_minute(start, row.created_at) for row in rows if row.is_view and row[1] in COUNTED)
    known_from = _minute(start, rows[-1].created_at) + 1 if len(rows) == most else 0
    return [seen[place] if place >= known_from else None for place in range(count)]


def _minute(start: datetime, at: datetime) -> int:
    return int((at - start).total_seconds() // 60)
