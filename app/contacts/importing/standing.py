"""Where an import stands, when its job ended without a word: stopped while it waited, or the end of its workers."""

from __future__ import annotations

from app.contacts.importing.models import ImportState
from app.core.models import Job, JobState

ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
UNDER_WAY = (ImportState.CHECKING, ImportState.RUNNING, ImportState.UNDOING)


def standing(state: str, job: Job | None) -> str:
    """The state of an import that says `state` and whose last job is this one (None: forgotten by now)."""
    if state not in UNDER_WAY or (job is not None and job.state not in ENDED):
        return state
    if state == ImportState.CHECKING:
        return str(ImportState.UPLOADED)
    if state == ImportState.UNDOING:  # what is left can still be taken back
        return str(ImportState.STOPPED)
    stopped = job is not None and job.state == JobState.CANCELLED
    return str(ImportState.STOPPED if stopped else ImportState.FAILED)
