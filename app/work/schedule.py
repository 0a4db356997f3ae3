"""What runs by the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Task:
    """A daily job at a local time of day. `job` is its dotted path; it takes no argument and may run twice."""

    name: str
    job: str
    hour: int
    minute: int

    def last_due(self, now: datetime, timezone: str) -> datetime:
        """The latest time, not after `now`, at which the task was due."""
        local = now.astimezone(ZoneInfo(timezone))
        due = local.replace(hour=self.hour, minute=self.minute, second=0, microsecond=0)
        if due > local:
            due -= timedelta(days=1)
        return due.astimezone(UTC)


SCHEDULE = (
    Task("retention", "app.work.retention.job", hour=3, minute=10),
    Task("close-opens", "app.opens.closed.job.job", hour=3, minute=40),
)
