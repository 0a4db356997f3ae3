"""What calls came to, before and after it is written down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.core.exchange import Outcome, Verdict
from app.outbound.kinds import Leased
from app.outbound.policy import Policy, Step

TROUBLE = frozenset({Verdict.AUTH, Verdict.GONE, Verdict.THROTTLED, Verdict.RETRY})


class How(StrEnum):
    """How a result came about, which decides what it says about the target and whether it is an attempt."""

    CALL = "call"  # a call was made and ended
    CUT = "cut"  # the shutdown ended it: it may have arrived, and says nothing about the target
    UNBUILT = "unbuilt"  # our fault, not the target's
    UNSENT = "unsent"  # decided without a call (too old, nothing to send); no attempt is logged


@dataclass(frozen=True, slots=True)
class Result:
    """What one delivery's part in a call came to. `item` is what was sent, for what its kind does afterwards."""

    row: Leased
    outcome: Outcome
    started_at: datetime
    duration_ms: int
    http_status: int | None = None
    response: str | None = None
    item: Any = None
    how: How = How.CALL
    seen: datetime | None = None  # when the target had last been changed as its credentials were read
    is_answered: bool = False  # whatever was said
    policy: Policy | None = None  # its target's own

    def without_words(self) -> Result:
        """The same without what somebody else wrote, should the database not take that."""
        outcome = replace(self.outcome, detail="What was answered cannot be stored")
        return replace(self, outcome=outcome, response=None)


@dataclass(frozen=True, slots=True)
class Written:
    """A committed result: the step that was written and the result behind it."""

    result: Result
    step: Step

    @property
    def is_bad_news(self) -> bool:
        """Whether the target may have been paused, throttled or broken by it."""
        return self.result.how is How.CALL and self.result.outcome.verdict in TROUBLE
