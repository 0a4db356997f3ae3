"""How many events a list has, where that is known without counting them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.core.rollup import hour_of
from app.outbound import figures
from app.outbound.figures import Figures
from app.outbound.models import TargetState
from app.tracking.filters import Filters, Wish
from app.tracking.pixel_targets import PixelTarget, chosen, holding, in_state, pixel_targets

PRESENT = (Wish.PENDING, Wish.PAUSED, Wish.WAITING, Wish.FAILED)  # also counted for all time


def number_of(session: Session, account_id: UUID, wanted: Filters, *, kept_since: datetime) -> int | None:
    """The exact number, from the rollups: for a period of whole hours by pixel, platform and status, and without a
    period for what waits or failed. None for everything else, and for a period that begins before `kept_since`: the
    rollups remember events that are gone."""
    if wanted.text is not None or wanted.event is not None or wanted.client is not None:
        return None
    own = pixel_targets(session, account_id)
    targets = chosen(own, platform=wanted.platform, pixel=wanted.pixel)
    among = frozenset(own) if targets is None else targets
    status = Wish.FAILED if wanted.error is not None else wanted.status
    connection = session.connection()
    if wanted.start is None and wanted.end is None:
        return _now(connection, account_id, own, among, status, wanted.error) if status in PRESENT else None
    if wanted.start is None or wanted.end is None or wanted.error is not None:
        return None
    if wanted.start < kept_since or not _whole(wanted.start, wanted.end):
        return None
    return _then(connection, account_id, own, among, wanted.start, wanted.end, status)


def _whole(*moments: datetime) -> bool:
    return all(moment == hour_of(moment) for moment in moments)


def _now(
    connection: Connection,
    account_id: UUID,
    own: dict[UUID, PixelTarget],
    among: frozenset[UUID],
    status: Wish | None,
    error: str | None,
) -> int:
    now = figures.now_by_target(connection, account_id)
    if status is not Wish.FAILED:
        return sum(each.open for target, each in now.items() if target in holding(own, among, status))
    dead = [each for target, each in now.items() if target in among]
    return sum(each.dead_total if error is None else each.dead.get(error, 0) for each in dead)


def _then(
    connection: Connection,
    account_id: UUID,
    own: dict[UUID, PixelTarget],
    among: frozenset[UUID],
    start: datetime,
    end: datetime,
    status: Wish | None,
) -> int:
    def total(targets: frozenset[UUID]) -> Figures:
        return figures.total(connection, account_id, start, end, sorted(targets))

    match status:
        case None:
            return total(among).accepted
        case Wish.DELIVERED:
            return total(among).done
        case Wish.FAILED:
            return total(among).dead
        case Wish.CANCELLED:
            return total(among).cancelled + total(among & in_state(own, TargetState.DELETED)).waiting
    return total(holding(own, among, status)).waiting
