"""What one call carries, and the order in which calls wait for a sender."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core.exchange import Call, Outcome, Reply
from app.outbound.kinds import Leased, Party


@dataclass(frozen=True, slots=True)
class Parcel:
    """Deliveries of one target that go out as one call."""

    kind: str
    target_id: UUID
    party: Party
    rows: Sequence[Leased]
    items: Sequence[Any]
    timeout_s: float

    def build(self) -> Call:
        return self.party.adapter.build(self.items, self.party.key)

    def read(self, reply: Reply) -> Outcome | list[Outcome]:
        return self.party.adapter.read(reply, self.items)

    def halves(self) -> list[Parcel]:
        """The same deliveries in two calls, to find the one that made a platform refuse them all."""
        middle = len(self.rows) // 2
        cut = (slice(None, middle), slice(middle, None))
        return [
            Parcel(self.kind, self.target_id, self.party, self.rows[part], self.items[part], self.timeout_s)
            for part in cut
        ]


def pack(
    kind: str, party: Party, rows: Sequence[Leased], item_of: Callable[[Leased], Any], timeout_s: float
) -> list[Parcel]:
    """Rows of one target as calls of at most `max_batch`, each with items that may travel together."""
    groups: dict[Any, list[Leased]] = {}
    for row in rows:
        groups.setdefault(party.adapter.batch_key(item_of(row), party.key), []).append(row)
    size = party.adapter.max_batch
    parts = [group[start : start + size] for group in groups.values() for start in range(0, len(group), size)]
    return [Parcel(kind, part[0].target_id, party, part, [item_of(row) for row in part], timeout_s) for part in parts]


class Ready:
    """Parcels that wait for a sender, taken from each target in turn, so that a long queue of one delays no other."""

    def __init__(self) -> None:
        self._queues: OrderedDict[UUID, deque[Parcel]] = OrderedDict()
        self.in_flight: Counter[UUID] = Counter()
        self.parcels = 0
        self.rows: Counter[UUID] = Counter()

    def add(self, parcels: Iterable[Parcel], *, first: bool = False) -> None:
        for parcel in parcels:
            queue = self._queues.setdefault(parcel.target_id, deque())
            (queue.appendleft if first else queue.append)(parcel)
            self.parcels += 1
            self.rows[parcel.target_id] += len(parcel.rows)

    def take(self, may_start: Callable[[UUID], bool]) -> Parcel | None:
        """The next parcel of a target that may start another call; that target then goes to the end of the line."""
        for target_id, queue in self._queues.items():
            if may_start(target_id):
                parcel = queue.popleft()
                self._queues.move_to_end(target_id)
                if not queue:
                    del self._queues[target_id]
                self._count_out(parcel)
                self.in_flight[target_id] += 1
                return parcel
        return None

    def landed(self, target_id: UUID) -> None:
        self.in_flight[target_id] -= 1
        if self.in_flight[target_id] <= 0:
            del self.in_flight[target_id]

    def give_up(self, target_id: UUID | None = None) -> list[Leased]:
        """Takes back every row that has not started (of one target, or of all)."""
        targets = [target_id] if target_id is not None else list(self._queues)
        rows: list[Leased] = []
        for target in targets:
            for parcel in self._queues.pop(target, ()):
                self._count_out(parcel)
                rows += parcel.rows
        return rows

    def waits(self, target_id: UUID) -> bool:
        return target_id in self._queues

    @property
    def targets(self) -> set[UUID]:
        return set(self._queues)

    def _count_out(self, parcel: Parcel) -> None:
        self.parcels -= 1
        self.rows[parcel.target_id] -= len(parcel.rows)
        if self.rows[parcel.target_id] <= 0:
            del self.rows[parcel.target_id]
