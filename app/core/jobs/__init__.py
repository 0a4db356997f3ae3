"""Long work that people ask for and watch: the ticker rings for it, a worker holds it by lease, and when that one dies
another goes on from its last part."""

from app.core.jobs.asking import ask_to_stop, get, recent, start
from app.core.jobs.hold import Hold, JobFile, Part, Stopped
from app.core.jobs.kinds import KINDS, LongJob, kind_of
from app.core.jobs.running import run, waiting

__all__ = [
    "KINDS", "Hold", "JobFile", "LongJob", "Part", "Stopped", "ask_to_stop", "get", "kind_of", "recent", "run", "start",
    "waiting",
]  # fmt: skip
