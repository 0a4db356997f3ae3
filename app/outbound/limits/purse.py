"""The calls that a drain may make: counted already, not made yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from app.outbound.limits.counting import Grant


class Purse:
    """Of limited targets only; used by the drain's thread alone. It also knows which targets take fewer rows a call for
    now: when the limit leaves no calls to look for the one bad row of a refused batch, all of its rows go back, and
    without a smaller batch the next claim would do the same again, for ever."""

    def __init__(self) -> None:
        self._grants: dict[UUID, deque[Grant]] = {}
        self.sizes: dict[UUID, int] = {}  # rows a call, where fewer than the platform takes

    @property
    def targets(self) -> set[UUID]:
        return set(self._grants)

    def add(self, grant: Grant) -> None:
        if grant.calls:
            self._grants.setdefault(grant.target_id, deque()).append(grant)

    def calls(self, target_id: UUID, now: datetime) -> int:
        """How many may be made now."""
        return sum(grant.calls for grant in self._grants.get(target_id, ()) if now < grant.until)

    def spend(self, target_id: UUID, now: datetime) -> None:
        """Takes one of them: of the grant that ends first, or of the last one to end if they all have just ended."""
        grants = self._grants[target_id]
        valid = [grant for grant in grants if now < grant.until]
        one = min(valid, key=_end) if valid else max(grants, key=_end)
        grants.remove(one)
        if one.calls > 1:
            grants.append(replace(one, calls=one.calls - 1))
        if not grants:
            del self._grants[target_id]

    def expired(self, now: datetime) -> list[Grant]:
        """Takes out what was not used in time."""
        late = [grant for grants in self._grants.values() for grant in grants if now >= grant.until]
        for grant in late:
            self._grants[grant.target_id].remove(grant)
            if not self._grants[grant.target_id]:
                del self._grants[grant.target_id]
        return late

    def let_go(self, target_ids: Iterable[UUID]) -> list[Grant]:
        """Takes out all of these targets."""
        return [grant for target_id in target_ids for grant in self._grants.pop(target_id, ())]

    def shrink(self, target_id: UUID, rows: int) -> None:
        self.sizes[target_id] = max(1, rows)

    def grow(self, target_id: UUID, most: int) -> None:
        """After a call that was not refused."""
        if target_id in self.sizes:
            self.sizes[target_id] *= 2
            if self.sizes[target_id] >= most:
                del self.sizes[target_id]


def _end(grant: Grant) -> datetime:
    return grant.until
