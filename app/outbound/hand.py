"""What the drain has in hand: rows just claimed, calls that wait for a sender, calls under way, results to write."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from app.outbound.kinds import Leased
from app.outbound.parcel import Parcel
from app.outbound.results import Result
from app.outbound.sight import Claim

PROMPT_ROWS = 25


class Hand:
    """Bookkeeping only; used by the drain's thread alone. Waiting calls are taken from each target in turn, so that a
    long queue of one delays no other."""

    def __init__(self) -> None:
        self._queues: OrderedDict[UUID, deque[Parcel]] = OrderedDict()
        self.claims: deque[Claim] = deque()  # not loaded yet
        self._prompt: deque[Result] = deque()  # not written yet, of small calls
        self._bulk: deque[Result] = deque()  # not written yet, of large ones
        self.renewals: list[Leased] = []  # of refused batches that are being halved
        self.calls: Counter[UUID] = Counter()  # under way, by target
        self.rows: Counter[UUID] = Counter()  # by target, from the claim until they are written

    @property
    def is_empty(self) -> bool:
        return not (self.claims or self._queues or self.calls or self.results)

    @property
    def results(self) -> int:
        """How many wait to be written."""
        return len(self._prompt) + len(self._bulk)

    @property
    def waiting(self) -> set[UUID]:
        """The targets with a call that waits for a sender."""
        return set(self._queues)

    @property
    def targets(self) -> set[UUID]:
        return self._queues.keys() | self.calls.keys()

    def take_in(self, claim: Claim) -> None:
        """Rows are in hand from here until `drop`."""
        self.claims.append(claim)
        self.rows.update(row.target_id for row in claim.rows)

    def drop(self, rows: Iterable[Leased]) -> None:
        """Rows that are out of our hands: written, or given back."""
        for row in rows:
            _subtract(self.rows, row.target_id, 1)

    def add(self, parcels: Iterable[Parcel], *, first: bool = False) -> None:
        for parcel in parcels:
            queue = self._queues.setdefault(parcel.target_id, deque())
            (queue.appendleft if first else queue.append)(parcel)

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

    def queued(self, target_id: UUID) -> int:
        """How many of its calls wait for a sender."""
        return len(self._queues.get(target_id, ()))

    def put_down(self, target_id: UUID, calls: int) -> list[Parcel]:
        """Lets go of the last of its calls that wait, and returns them."""
        queue = self._queues[target_id]
        parcels = [queue.pop() for _ in range(calls)]
        if not queue:
            del self._queues[target_id]
        self.drop(row for parcel in parcels for row in parcel.rows)
        return parcels

    def landed(self, parcel: Parcel) -> None:
        """A call is no longer under way; its rows are still in hand."""
        _subtract(self.calls, parcel.target_id, 1)

    def keep(self, results: Sequence[Result]) -> None:
        """Results of one call, to be written. Those of a large one queue apart, so that small ones need not wait until
        a thousand rows of somebody else's are written."""
        (self._prompt if len(results) <= PROMPT_ROWS else self._bulk).extend(results)

    def next_results(self, count: int) -> list[Result]:
        """Takes some: half of each sort while there are both."""
        prompt = min(len(self._prompt), max(count // 2, count - len(self._bulk)))
        bulk = min(len(self._bulk), count - prompt)
        return [*(self._prompt.popleft() for _ in range(prompt)), *(self._bulk.popleft() for _ in range(bulk))]

    def give_up(self, target_id: UUID | None = None) -> list[Leased]:
        """Lets go of every row that has not started (of one target, or of all), and returns them."""
        rows: list[Leased] = []
        if target_id is None:
            rows += [row for claim in self.claims for row in claim.rows]
            self.claims.clear()
        for target in [target_id] if target_id is not None else list(self._queues):
            for parcel in self._queues.pop(target, ()):
                rows += parcel.rows
        self.drop(rows)
        return rows


def _subtract(counter: Counter[UUID], key: UUID, count: int) -> None:
    counter[key] -= count
    if counter[key] <= 0:
        del counter[key]
