"""What follows the commit of results: requests that wait are told, kinds take note, people are warned, all counted."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from uuid import UUID

from app.core import clock, metrics
from app.outbound.error_class import error_class
from app.outbound.kinds import Kinds, Settled
from app.outbound.models import Status
from app.outbound.results import Written
from app.outbound.verdicts import Publisher

log = logging.getLogger(__name__)


class Aftermath:
    """Nothing here can undo or delay what was committed, and nothing raises."""

    def __init__(self, url: str, kinds: Kinds) -> None:
        self._kinds = kinds
        self._publisher = Publisher(url)

    def follow(self, written: Sequence[Written]) -> None:
        if not written:
            return
        self._publisher.publish(written)
        self._tell_kinds(written)
        _warn(written)
        _count(written)

    def end(self) -> None:
        self._publisher.end()

    def _tell_kinds(self, written: Sequence[Written]) -> None:
        groups: dict[str, list[Settled]] = defaultdict(list)
        now = clock.now()
        for item in written:
            result = item.result
            if result.item is not None:
                groups[result.row.kind].append(Settled(result.row, result.item, result.outcome, now))
        for kind, group in groups.items():
            try:
                self._kinds.get(kind).settled(group)
            except Exception:
                log.exception("what follows deliveries of kind %s failed", kind)


def _warn(written: Sequence[Written]) -> None:
    """One line for each target and class of error, however many deliveries died of it together; platforms put an id of
    the call into their words, so that these differ each time."""
    dead: dict[tuple[UUID, str | None], list[Written]] = defaultdict(list)
    for item in written:
        if item.step.status == Status.DEAD:
            dead[item.result.row.target_id, error_class(item.result)].append(item)
    for (target_id, _error), items in dead.items():
        row = items[0].result.row
        said = {"target_id": str(target_id), "account_id": str(row.account_id), "delivery_id": str(row.id)}
        log.warning("%d deliveries are dead: %s", len(items), items[0].step.detail, extra=said)


def _count(written: Sequence[Written]) -> None:
    outcomes = Counter((item.result.row.kind, str(item.result.outcome.verdict)) for item in written)
    for (kind, outcome), number in outcomes.items():
        metrics.count("kalitrack_attempts", number, kind=kind, outcome=outcome)
