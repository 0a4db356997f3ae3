"""What one call carries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.exchange import Call, Mail, Outcome, Reply
from app.outbound.kinds import RESPONSE_LIMIT, Leased, Party


@dataclass(frozen=True, slots=True)
class Parcel:
    """Deliveries of one target that go out as one call. `start_by` is monotonic: later, the lease might end before the
    answer is written down. `seen` is when the target had last been changed as its credentials were read."""

    kind: str
    target_id: UUID
    party: Party
    rows: Sequence[Leased]
    items: Sequence[Any]
    timeout_s: float
    start_by: float
    seen: datetime
    is_half: bool = False  # of a batch that was refused
    response_limit: int = RESPONSE_LIMIT

    def build(self) -> Call | Mail:
        return self.party.adapter.build(self.items, self.party.key)

    def read(self, reply: Reply) -> Outcome | list[Outcome]:
        """Raises ValueError for a number of outcomes that is neither one nor one per item."""
        outcome = self.party.adapter.read(reply, self.items)
        if isinstance(outcome, list) and len(outcome) != len(self.items):
            raise ValueError("one outcome, or one per item")
        return outcome

    def halves(self, start_by: float) -> list[Parcel]:
        """The same deliveries in two calls, to find the one that made a platform refuse them all."""
        middle = len(self.rows) // 2
        return [
            replace(self, rows=self.rows[part], items=self.items[part], start_by=start_by, is_half=True)
            for part in (slice(None, middle), slice(middle, None))
        ]


@dataclass(frozen=True, slots=True)
class Load:
    """What goes to one target after a claim."""

    kind: str
    party: Party
    seen: datetime
    timeout_s: float
    start_by: float
    rows: Sequence[tuple[Leased, Any]]  # with the item of each
    size: int | None = None  # of a call, where it is to be less than `max_batch`
    response_limit: int = RESPONSE_LIMIT


def pack(load: Load, unpackable: Callable[[Leased, Exception], None]) -> list[Parcel]:
    """As calls of at most `max_batch`, each with items that may travel together. A row that cannot even be sorted is
    told to `unpackable` and left out, so that it takes no other with it."""
    groups: dict[Any, list[tuple[Leased, Any]]] = {}
    for row, item in load.rows:
        try:
            key = load.party.adapter.batch_key(item, load.party.key)
            groups.setdefault((row.token, key), []).append((row, item))  # a suspect has a token of its own
        except Exception as error:  # whatever an adapter trips over in one row's content
            unpackable(row, error)
    size = load.size or load.party.adapter.max_batch
    parts = [group[start : start + size] for group in groups.values() for start in range(0, len(group), size)]
    return [
        Parcel(
            kind=load.kind,
            target_id=part[0][0].target_id,
            party=load.party,
            rows=[row for row, _ in part],
            items=[item for _, item in part],
            timeout_s=load.timeout_s,
            start_by=load.start_by,
            seen=load.seen,
            response_limit=load.response_limit,
        )
        for part in parts
    ]
