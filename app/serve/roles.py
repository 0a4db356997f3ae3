"""The processes of one machine: the list that the Procfile repeats (a test compares them)."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import IntEnum

from app.core.settings import Settings


class Stage(IntEnum):
    """The order of stopping: what feeds is stopped before what it feeds."""

    TICKER = 1
    WEB = 2
    WORKERS = 3
    VALKEY = 4


# Seconds from SIGTERM to SIGKILL. Together they stay under the 10 s in which everything has stopped.
GRACE_S = {Stage.TICKER: 0.4, Stage.WEB: 2.1, Stage.WORKERS: 6.4, Stage.VALKEY: 0.6}


@dataclass(frozen=True)
class Role:
    """One process to keep alive. Roles start in the order of the list and stop by stage."""

    name: str
    command: tuple[str, ...]
    stage: Stage
    grace_s: float

    @classmethod
    def of(cls, name: str, stage: Stage, *command: str) -> Role:
        return cls(name, command, stage, GRACE_S[stage])


def roles_of(settings: Settings) -> list[Role]:
    """Everything but Valkey, which has to answer before migrations and processes."""
    python = sys.executable
    return [
        Role.of("web", Stage.WEB, python, "-m", "app.serve.web"),
        *(
            Role.of(f"deliver {number}", Stage.WORKERS, python, "worker.py", "deliver", str(number))
            for number in range(1, settings.workers + 1)
        ),
        Role.of("jobs", Stage.WORKERS, python, "worker.py", "jobs"),
        Role.of("ticker", Stage.TICKER, python, "worker.py", "ticker"),
    ]
