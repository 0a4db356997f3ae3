"""Which calls begin now: by what their targets' limits allow, by each target's share of the senders, by their lease."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from app.core import clock
from app.outbound.books import Books
from app.outbound.crew import Crew
from app.outbound.hand import Hand
from app.outbound.kinds import Leased
from app.outbound.limits.purse import Purse
from app.outbound.shares import may_start
from app.outbound.sight import Sight


class Starting:
    """Moves calls from the hand to the crew; used by the drain's thread alone. What may not begin goes back, without an
    attempt."""

    def __init__(self, hand: Hand, crew: Crew, purse: Purse, books: Books) -> None:
        self._hand = hand
        self._crew = crew
        self._purse = purse
        self._books = books

    def keep_to_limits(self, limited: frozenset[UUID]) -> None:
        """For each call that waits to a limited target, one that is counted in the windows of now. Those beyond go
        back and wait in the database until a window ends."""
        waiting, now = limited & self._hand.waiting, clock.now()
        lacking = {id: self._hand.queued(id) - self._purse.calls(id, now) for id in waiting}
        lacking = {id: calls for id, calls in lacking.items() if calls > 0}
        if not lacking:
            return
        for grant in self._books.more_calls(lacking, self._purse.expired(now)):
            self._purse.add(grant)
        for target_id in lacking:
            beyond = self._hand.queued(target_id) - self._purse.calls(target_id, now)
            if beyond > 0:
                self._put_down(target_id, beyond)

    def _put_down(self, target_id: UUID, beyond: int) -> None:
        parcels = self._hand.put_down(target_id, beyond)
        if halves := [len(parcel.rows) for parcel in parcels if parcel.is_half]:
            self._purse.shrink(target_id, min(halves))
        self._books.give_back([row for parcel in parcels for row in parcel.rows])

    def start_calls(self, sight: Sight) -> None:
        """All that may begin and finds a sender."""
        is_alone = len(self._hand.targets | sight.due.keys()) <= 1
        limit, limited = self._crew.limit, sight.limited
        late: list[Leased] = []

        def is_next(target_id: UUID) -> bool:
            if target_id in limited and not self._purse.calls(target_id, clock.now()):
                return False
            return may_start(self._hand.calls, target_id, busy=self._crew.busy, limit=limit, is_alone=is_alone)

        while (parcel := self._hand.take(is_next)) is not None:
            if clock.monotonic() < parcel.start_by:
                if parcel.target_id in limited:
                    self._purse.spend(parcel.target_id, clock.now())
                self._crew.start(parcel)
            else:  # it waited so long for a sender that its lease might end during the call
                self._hand.landed(parcel)
                late += parcel.rows
        self.give_back(late)

    def give_back(self, rows: Sequence[Leased]) -> None:
        """Rows of a call that is in hand no more."""
        self._hand.drop(rows)
        self._books.give_back(rows)

    def return_calls(self, target_ids: set[UUID]) -> None:
        """Counted, and then there was nothing to call about."""
        if unused := self._purse.let_go(target_ids):
            self._books.give_back_calls(unused)
