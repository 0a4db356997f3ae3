"""What one look at the ledger found, and what was claimed by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.outbound.claim import DueTarget
from app.outbound.kinds import Leased, Party
from app.outbound.shares import CLAIM_ROWS


@dataclass(frozen=True, slots=True)
class Sight:
    """Every target with open deliveries (`targets`), those that were due at that moment (`due`), and who they are
    (`parties`: a due target without one is gone). What has become due since waits for the next look: claimed now, it
    would seem to be gone."""

    at: datetime
    targets: Mapping[UUID, DueTarget] = field(default_factory=dict)
    due: dict[UUID, DueTarget] = field(default_factory=dict)
    parties: Mapping[UUID, Party] = field(default_factory=dict)
    limited: frozenset[UUID] = frozenset()  # of the targets: those whose calls are counted

    @property
    def next_at(self) -> datetime | None:
        """When the next target becomes ready that was not."""
        later = [target.ready_at for target in self.targets.values() if target.ready_at and target.ready_at > self.at]
        return min(later, default=None)

    def may_go(self, target_id: UUID) -> bool:
        """Whether calls that wait may start: not those to a target that is paused, throttled or broken."""
        target = self.targets.get(target_id)
        return target is None or target.is_free_at(self.at)

    def is_probing(self, target_id: UUID) -> bool:
        """Whether the answer of one call decides about all others."""
        target = self.targets.get(target_id)
        return target is not None and target.is_probe

    def batch_of(self, target_id: UUID) -> int:
        party = self.parties.get(target_id)
        return party.adapter.max_batch if party else CLAIM_ROWS


@dataclass(frozen=True, slots=True)
class Claim:
    """Rows in our hands. `at` is monotonic, from before the lease began."""

    rows: Sequence[Leased]
    sight: Sight
    at: float
    sizes: Mapping[UUID, int] = field(default_factory=dict)  # rows a call, where fewer than the platform takes
