"""What a run came to, for people: a line in words for each fault, and the table at the end of `make chaos`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.load import Load
from tests.chaos.readers import Readers

NO_ANSWER = 0


@dataclass(frozen=True, slots=True)
class Report:
    """`answers`: status of requests with events -> how many; 0 means that the connection broke first. `kills`: what was
    done -> how often. `notes`: what else was measured, in words."""

    test: str
    database: str
    seed: int
    seconds: float
    kills: dict[str, int]
    accepted: int
    lost: int
    duplicates: int
    max_per_event: int
    in_hand_at_kills: int
    settle_s: float
    answers: dict[int, int]
    intake_p50_ms: float | None
    intake_p99_ms: float | None
    opens: int = 0  # images answered
    opens_slowest_s: float = 0.0
    unrecorded: int = 0
    doubled_hits: int = 0
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)  # broken promises

    def __str__(self) -> str:
        """One paragraph."""
        done = ", ".join(f"{what} ×{times}" for what, times in self.kills.items()) or "nothing was killed"
        notes = "".join(f" {note}." for note in self.notes)
        wrong = "".join(f"\n  BROKEN: {words}" for words in self.wrong[:20])
        return (
            f"{self.test} · {self.database} · seed {self.seed} · {self.seconds:.0f} s ({done}): "
            f"{self.accepted} events and {self.opens} opens answered, lost {self.lost}, duplicates {self.duplicates} "
            f"(at most {self.max_per_event} arrivals of one event; {self.in_hand_at_kills} were in hand at a fault), "
            f"opens unrecorded {self.unrecorded}, settled {self.settle_s:g} s after the load. "
            f"Answers: {in_words(self.answers)}. Intake p50 {self.intake_p50_ms} ms, p99 {self.intake_p99_ms} ms; "
            f"slowest image {self.opens_slowest_s:.2f} s, hits counted twice {self.doubled_hits}.{notes}{wrong}"
        )


@dataclass(frozen=True, slots=True)
class Stage:
    """One fault of a tour, from its first moment to its last (monotonic seconds)."""

    name: str
    began: float
    ended: float

    def line(self, load: Load, readers: Readers, arrivals: dict[str, int]) -> str:
        """What was answered meanwhile; `arrivals` by event id."""
        taken = [id_ for id_, at in load.taken_at.items() if self._holds(at)]
        twice = sum(max(0, arrivals.get(id_, 0) - 1) for id_ in taken)
        answers = Counter(each.status for each in load.log if self._holds(each.at))
        images = [each for each in readers.log if self._holds(each.at)]
        opens = sum(1 for each in images if each.status)
        slowest = max((each.seconds for each in images if each.status), default=0.0)
        return (
            f"  {self.name}: {self.ended - self.began:.1f} s, {len(taken)} events and {opens} opens answered, "
            f"duplicates {twice}; answers {in_words(answers)}; slowest image {slowest:.2f} s, "
            f"without one {len(images) - opens}"
        )

    def _holds(self, at: float) -> bool:
        return self.began <= at < self.ended


def in_words(answers: Counter[int] | dict[int, int]) -> str:
    """`200: 22, 202: 130, no answer: 4`."""
    told = {status: number for status, number in sorted(answers.items()) if status != NO_ANSWER}
    words = [f"{status}: {number}" for status, number in told.items()]
    if answers.get(NO_ANSWER):
        words.append(f"no answer: {answers[NO_ANSWER]}")
    return ", ".join(words) or "none"


HEADS = (
    "fault", "database", "seed", "accepted", "opens", "lost", "duplicates", "unrecorded", "settle s", "answers",
)  # fmt: skip


def row(report: Report) -> list[str]:
    """The cells under HEADS, as text that travels between processes."""
    cells: Sequence[Any] = (
        report.test, report.database, report.seed, report.accepted, report.opens, report.lost, report.duplicates,
        report.unrecorded, report.settle_s, in_words(report.answers),
    )  # fmt: skip
    return [str(cell) for cell in cells]


def table(rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of equal columns; numbers to the right."""
    every = [HEADS, *rows]
    widths = [max(len(row[column]) for row in every) for column in range(len(HEADS) - 1)]

    def line(row: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if column > 1 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        return "  ".join([*padded, row[-1]])

    return [line(HEADS), line(["-" * width for width in widths] + ["-" * 7]), *map(line, every[1:])]
