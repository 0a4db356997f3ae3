"""The order of stages: positions from 0 to one less than their number, without a gap."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.funnels.models import Stage
from app.funnels.states import State


def arrange(session: Session, stages: Sequence[Stage]) -> None:
    """Gives the stages of a locked funnel their places, in two passes: no two have one place, not even for a moment."""
    if [stage.position for stage in stages] == list(range(len(stages))):
        return
    for number, stage in enumerate(stages):
        stage.position = -1 - number
    session.flush()
    for number, stage in enumerate(stages):
        stage.position = number
    session.flush()


def place_for(kind: str, others: Sequence[Stage]) -> int:
    """Where a new stage goes that is put nowhere: an open one behind the last open one, a closed one to the end."""
    if kind != State.OPEN:
        return len(others)
    return max((number + 1 for number, stage in enumerate(others) if stage.kind == State.OPEN), default=0)
