"""What the simulated platforms were sent: the latest calls whole, and every event counted."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding"}
)
KEEP_CALLS = 10_000
KEEP_CALLS_BARE = 1_000  # without bodies: a benchmark wants counts


@dataclass(frozen=True, slots=True)
class Received:
    """One call to a platform. `at` is the Unix time at which its last byte had come; `status` None: never answered."""

    platform: str
    pixel: str
    method: str
    path: str  # with the query, as sent
    headers: dict[str, str]
    body: Any
    at: float
    behaviour: str
    status: int | None
    events: int  # how many the platform took

    def told(self) -> dict[str, Any]:
        return asdict(self) | {"time": datetime.fromtimestamp(self.at, UTC).isoformat()}


class Ledger:
    """Not thread-safe: its owner holds a lock."""

    def __init__(self, keep_bodies: bool = True) -> None:
        self.keep_bodies = keep_bodies
        self.calls: deque[Received] = deque(maxlen=KEEP_CALLS if keep_bodies else KEEP_CALLS_BARE)
        self.arrivals: Counter[str] = Counter()
        self.first_at: dict[str, float] = {}
        self.pixels: dict[str, Counter[str]] = {}

    def record(self, call: Received, identities: Sequence[str]) -> None:
        self.calls.append(call)
        counts = self.pixels.setdefault(f"{call.platform}:{call.pixel}", Counter())
        counts["calls"] += 1
        counts["calls_not_taken"] += not identities
        counts["events"] += len(identities)
        for identity in identities:
            counts["duplicates"] += identity in self.first_at
            self.first_at.setdefault(identity, call.at)
        self.arrivals.update(identities)

    def received(self, platform: str | None = None, pixel: str | None = None, limit: int = 1000) -> list[Received]:
        """The latest calls that fit, oldest first."""
        fitting = (
            call for call in reversed(self.calls) if platform in (None, call.platform) and pixel in (None, call.pixel)
        )
        return [call for call, _ in zip(fitting, range(limit), strict=False)][::-1]

    def counts(self) -> dict[str, Any]:
        total: Counter[str] = sum(self.pixels.values(), Counter())
        names = ("calls", "calls_not_taken", "events", "duplicates")
        pixels = {key: {name: counts[name] for name in names} for key, counts in self.pixels.items()}
        return {name: total[name] for name in names} | {"unique": len(self.arrivals), "pixels": pixels}
