"""What follows an attempt: waits, limits and the breaker, as pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.exchange import Outcome, Verdict
from app.outbound.models import Status

AUTH_WAIT_S = 1.0  # so that a target whose pause was just ended by new credentials is not called in a tight loop
THROTTLE_S = 30.0  # when a platform slows us down without saying for how long
SHORTEST_THROTTLE_S = 0.5
LONGEST_WAIT_S = 3600.0
BREAKER_FAILURES = 5  # failed calls in a row that open the breaker
BREAKER_FIRST_S = 5.0
BREAKER_LONGEST_S = 300.0


@dataclass(frozen=True, slots=True)
class Policy:
    """Waits between the tries of one kind: a fixed fast phase, then fixed slow waits, or doubling up to a cap."""

    fast_s: tuple[float, ...]
    first_s: float
    cap_s: float
    max_attempts: int
    slow_s: tuple[float, ...] = ()

    @classmethod
    def fixed(cls, fast_s: tuple[float, ...], slow_s: tuple[float, ...] = ()) -> Policy:
        """One try, and one after each of these waits."""
        waits = fast_s + slow_s
        return cls(fast_s, (slow_s or waits)[0], waits[-1], len(waits) + 1, slow_s)

    @property
    def is_fixed(self) -> bool:
        """Whether every wait is written down."""
        return self.max_attempts <= len(self.fast_s) + len(self.slow_s) + 1

    def most(self, outcome: Outcome) -> int:
        """How many tries there are in all; of what waiting does not mend, those of the fast phase only."""
        return min(self.max_attempts, len(self.fast_s) + 1) if outcome.is_brief else self.max_attempts

    def wait_s(self, attempts: int) -> float:
        """Seconds to wait after the given number of attempts, without jitter."""
        if attempts <= len(self.fast_s):
            return self.fast_s[max(attempts, 1) - 1]
        if self.slow_s:
            return self.slow_s[min(attempts - len(self.fast_s), len(self.slow_s)) - 1]
        return float(min(self.first_s * 2 ** min(attempts - len(self.fast_s) - 1, 40), self.cap_s))


# Platforms take an event for days: try fast for what is over in seconds, then back off until the age limit decides.
PLATFORM = Policy(fast_s=(1.0, 3.0, 8.0), first_s=15.0, cap_s=3600.0, max_attempts=250)


@dataclass(frozen=True, slots=True)
class Step:
    """Where a delivery goes after an attempt. `attempts` is the new count; `detail` says more than the outcome did."""

    status: Status
    next_at: datetime
    attempts: int
    detail: str


def next_step(
    policy: Policy, outcome: Outcome, attempts: int, now: datetime, expires_at: datetime | None, jitter: float
) -> Step:
    """`attempts` counts this one; `jitter` in [0, 1) adds up to a tenth of the wait."""
    match outcome.verdict:
        case Verdict.SENT:
            return Step(Status.DONE, now, attempts, outcome.detail)
        case Verdict.REJECTED:
            return Step(Status.DEAD, now, attempts, outcome.detail)
        case Verdict.GONE:
            return Step(Status.CANCELLED, now, attempts, outcome.detail)
        case Verdict.AUTH:
            return Step(Status.PENDING, now + timedelta(seconds=AUTH_WAIT_S), attempts - 1, outcome.detail)
        case Verdict.THROTTLED:
            return Step(Status.PENDING, now + timedelta(seconds=throttle_s(outcome)), attempts - 1, outcome.detail)
        case Verdict.RETRY:
            return _retry(policy, outcome, attempts, now, expires_at, jitter)


def _retry(
    policy: Policy, outcome: Outcome, attempts: int, now: datetime, expires_at: datetime | None, jitter: float
) -> Step:
    if attempts >= policy.most(outcome):
        return Step(Status.DEAD, now, attempts, f"{outcome.detail} (gave up after {attempts} attempts)")
    wait = policy.wait_s(attempts)
    if outcome.after_s is not None:
        wait = min(max(outcome.after_s, wait), max(2 * wait, LONGEST_WAIT_S))
    next_at = now + timedelta(seconds=wait * (1 + jitter / 10))
    if expires_at is not None and next_at >= expires_at:
        return Step(Status.DEAD, now, attempts, f"{outcome.detail} (too old to be tried again)")
    return Step(Status.PENDING, next_at, attempts, outcome.detail)


def throttle_s(outcome: Outcome) -> float:
    """Seconds for which a whole target is left alone."""
    wait = THROTTLE_S if outcome.after_s is None else outcome.after_s
    return min(max(wait, SHORTEST_THROTTLE_S), LONGEST_WAIT_S)


def breaker_s(trips: int) -> float:
    """Seconds for which the breaker stays open at its n-th opening in a row (from 1)."""
    return float(min(BREAKER_FIRST_S * 2 ** min(trips - 1, 20), BREAKER_LONGEST_S))
