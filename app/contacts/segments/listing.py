"""A page of the list of segments: what each says, and how many fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.contacts.segments import counting, service, words
from app.contacts.segments.counting import Count
from app.contacts.segments.models import Segment


@dataclass(frozen=True, slots=True)
class Line:
    id: UUID
    name: str
    sentence: str
    count: Count
    updated_at: datetime


def lines_of(session: Session, account_id: UUID, segments: Sequence[Segment]) -> list[Line]:
    """In their order. Reads all that it needs of them before it counts, which may end the read transaction."""
    told = service.told(session, account_id, [one.rule for one in segments])
    rows = [(one.id, one.name, one.rule, one.updated_at) for one in segments]
    counts = counting.counts(session, account_id, [(id_, rule) for id_, _name, rule, _at in rows])
    return [
        Line(id_, name, words.sentence(one.node, one.there), counts[id_], at)
        for (id_, name, _rule, at), one in zip(rows, told, strict=True)
    ]
