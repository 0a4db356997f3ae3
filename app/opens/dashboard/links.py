"""Where each number leads: the opens behind it, in the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import url_for

from app.core.period import Period, iso


@dataclass(frozen=True, slots=True)
class Links:
    """Links of one period. Its figures are of whole hours, as the links, so that both have the same number.
    `automatic`: views are with those of machines."""

    period: Period
    automatic: bool = False

    def log(self, **filters: Any) -> str:
        """The log in this period. `class`: people, automatic, all, or one; `counted`: rows that add to the views of
        that class; `first`: of an id."""
        bounds = {"from": iso(self.period.start, self.period.zone), "to": iso(self.period.end, self.period.zone)}
        return url_for("opens.log", **{**bounds, **filters})

    def views(self, **filters: Any) -> str:
        return self.log(**{**({"class": "all"} if self.automatic else {}), "counted": 1, **filters})

    def firsts(self) -> str:
        return self.log(first=1)

    def automatics(self) -> str:
        return self.of_class("automatic")

    def of_class(self, name: str) -> str:
        return self.log(**{"class": name, "counted": 1})

    def of_image(self, image: UUID) -> str:
        """All opens of an image, further ones of a viewing too."""
        return self.log(**{"class": "all" if self.automatic else "people", "image": image})

    def opened(self) -> str:
        """First opens of all time, until the end of the period."""
        return url_for("opens.log", to=iso(self.period.end, self.period.zone), first=1)
