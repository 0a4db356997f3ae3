"""What the drain has in hand: rows just claimed, calls that wait for a sender, calls under way, results to write."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable
from uuid import UUID

from app.outbound.kinds import Leased
from app.outbound.parcel import Parcel
from app.outbound.results import Result
from app.outbound.sight import Claim


class Hand:
    """Bookkeeping only; used by the drain's thread alone. Waiting calls are taken from each target in turn, so that a
    long queue of one delays no other."""

    def __init__(self) -> None:
        self._queues: OrderedDict[UUID, deque[Parcel]] = OrderedDict()
        self.claims: deque[Claim] = deque()  # not loaded yet
        self.results: deque[Result] = deque()  # not written yet
        self.renewals: list[Leased] = []  # of refused batches that are being halved
        self.calls: Counter[UUID] = Counter()  # under way, by target
        self.rows: Counter[UUID] = Counter()  # waiting or under way, by target

    @property
    def is_empty(self) -> bool:
        return not (self.claims or self._queues or self.calls or self.results)

    @property
    def waiting(self) -> set[UUID]:
        """The targets with a call that waits for a sender."""
        return set(self._queues)

    @property
    def targets(self) -> set[UUID]:
        return self._queues.keys() | self.calls.keys()

    def add(self, parcels: Iterable[Parcel], *, first: bool = False) -> None:
        for parcel in parcels:
            queue = self._queues.setdefault(parcel.target_id, deque())
            (queue.appendleft if first else queue.append)(parcel)
            self.rows[parcel.target_id] += len(parcel.rows)

    def take(self, may_start: Callable[[UUID], bool]) -> Parcel | None:
        """The next call of a target that may start another; that target then goes to the end of the line."""
        for target_id, queue in self._queues.items():
            if may_start(target_id):
                parcel = queue.popleft()
                self._queues.move_to_end(target_id)
                if not queue:
                    del self._queues[target_id]
                self.calls[target_id] += 1
                return parcel
        return None

    def landed(self, parcel: Parcel) -> None:
        _subtract(self.calls, parcel.target_id, 1)
        _subtract(self.rows, parcel.target_id, len(parcel.rows))

    def give_up(self, target_id: UUID | None = None) -> list[Leased]:
        """Lets go of every row that has not started (of one target, or of all), and returns them."""
        rows: list[Leased] = []
        if target_id is None:
            rows += [row for claim in self.claims for row in claim.rows]
            self.claims.clear()
        for target in [target_id] if target_id is not None else list(self._queues):
            for parcel in self._queues.pop(target, ()):
                _subtract(self.rows, target, len(parcel.rows))
                rows += parcel.rows
        return rows


def _subtract(counter: Counter[UUID], key: UUID, count: int) -> None:
    counter[key] -= count
    if counter[key] <= 0:
        del counter[key]
