"""What an import would do, counted: nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine

from app.contacts.importing.judge import Candidate, Judge, Seen
from app.contacts.importing.matching import Aim, Changed, Created, decide
from app.contacts.importing.reasons import Problem, Reason
from app.contacts.importing.rows import MAX_ROWS, Row

SHOWN = 50  # rows that are wrong
MAX_VALUE = 60  # characters of what is wrong with them


@dataclass(slots=True)
class Check:
    """Counts part by part. Its memory grows by 16 bytes for each contact that would change."""

    engine: Engine
    aim: Aim
    judge: Judge
    rows: int = 0
    created: int = 0
    updated: int = 0
    skipped: int = 0
    invalid: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    problems: list[dict[str, Any]] = field(default_factory=list)
    _changed: Seen = field(default_factory=Seen)

    def add(self, part: Sequence[Row]) -> None:
        """By one short read."""
        judged = [self.judge.read(row) for row in part]
        candidates = [one for one in judged if isinstance(one, Candidate)]
        with self.engine.connect() as connection:
            decisions = iter(decide(connection, self.aim, candidates))
        self.rows += len(part)
        for row, one in zip(part, judged, strict=True):
            decision = next(decisions) if isinstance(one, Candidate) else one
            if isinstance(decision, Changed) and not self._changed.add(decision.known.id.hex):
                decision = Problem(row.number, Reason.REPEATED)
            if isinstance(decision, Problem):
                self._refuse(row, decision)
            elif isinstance(decision, Created):
                self.created += 1
            else:
                self.updated += 1

    def _refuse(self, row: Row, problem: Problem) -> None:
        self.reasons[str(problem.reason)] += 1
        if problem.is_skip:
            self.skipped += 1
            return
        self.invalid += 1
        if len(self.problems) < SHOWN:
            place = problem.column
            value = row.cells[place].strip()[:MAX_VALUE] if place is not None and place < len(row.cells) else ""
            shown = {"row": problem.row, "reason": str(problem.reason), "column": place, "value": value}
            self.problems.append(shown)

    def preview(self) -> dict[str, Any]:
        """See `service`."""
        return {
            "rows": self.rows,
            "new": self.created,
            "updated": self.updated,
            "skipped": self.skipped,
            "invalid": self.invalid,
            "reasons": dict(self.reasons.most_common()),
            "problems": self.problems,
            "tooManyRows": self.rows > MAX_ROWS,
        }
