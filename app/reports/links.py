"""Where each number leads: the rows behind it, in the event log or among the deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import url_for

from app.core.period import Period, iso


@dataclass(frozen=True, slots=True)
class Links:
    """Links of one period; its figures count by acceptance, as the log does, so that both have the same number."""

    period: Period

    def events(self, status: str | None = None, pixel: UUID | None = None, platform: str | None = None) -> str:
        """The event log in this period. `status`: delivered, failed, waiting, cancelled."""
        given: dict[str, Any] = {
            "from": iso(self.period.start, self.period.zone),
            "to": iso(self.period.end, self.period.zone),
            "status": status,
            "pixel": pixel,
            "platform": platform,
        }
        return url_for("events.index", **given)

    def deliveries(self, state: str, target: UUID) -> str:
        """What is so just now, whenever it was accepted. `state`: open, paused, dead."""
        if state == "dead":
            return url_for("dead_letters", target=target)  # a page of its own in the menu
        return url_for("deliveries.index", state=state, target=target)

    def queue(self, target: UUID, is_paused: bool) -> str:
        return self.deliveries("paused" if is_paused else "open", target)
