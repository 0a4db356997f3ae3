"""From claimed rows to calls: what they are about is read, and what cannot be sent is refused with a reason."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock
from app.core.exchange import Outcome
from app.outbound import suspects
from app.outbound.kinds import Kind, Kinds, Leased
from app.outbound.parcel import Load, Parcel, pack
from app.outbound.results import How, Result
from app.outbound.sight import Claim

log = logging.getLogger(__name__)
LEASE_CALLS = 3  # a lease is as long as three calls may take: half of it to start, one call, the rest to settle


def lease_of(kind: Kind) -> timedelta:
    return timedelta(seconds=LEASE_CALLS * kind.timeout_s)


def start_by(kind: Kind, leased_at: float) -> float:
    """Until when (monotonic) a row may be sent whose lease began at `leased_at`."""
    return leased_at + LEASE_CALLS * kind.timeout_s / 2


def load(connection: Connection, kinds: Kinds, claim: Claim) -> tuple[list[Parcel], list[Result]]:
    """The calls of a claim, and the results of rows for which none can be made. Raises SQLAlchemyError only."""
    now = clock.now()
    results: list[Result] = []
    loaded: dict[UUID, list[tuple[Leased, Any]]] = {}
    for row, item, error in _items(connection, kinds, sorted(claim.rows, key=lambda each: each.ref_at)):
        refusal = _refusal(row, item, claim, now, kinds)
        if error is not None:
            results.append(_unbuilt(row, error, now))
        elif refusal is not None:
            results.append(Result(row, refusal, now, 0, item=item, how=How.UNSENT))
        else:
            loaded.setdefault(row.target_id, []).append((row, item))
    parcels = []
    for target_id, rows in loaded.items():
        parcels += pack(
            _load_of(kinds, claim, target_id, rows), lambda row, error: results.append(_unbuilt(row, error, now))
        )
    return parcels, results


def _items(
    connection: Connection, kinds: Kinds, rows: Sequence[Leased]
) -> Iterable[tuple[Leased, Any, Exception | None]]:
    """Each row with its item (None when that is gone), or with what went wrong."""
    for key in dict.fromkeys(row.kind for row in rows):
        own = [row for row in rows if row.kind == key]
        try:
            found = kinds.get(key).items(connection, own)
        except SQLAlchemyError:
            raise
        except Exception:  # one row's content: the others are found one by one
            log.exception("items of kind %s could not be loaded together", key)
            yield from (_item_alone(connection, kinds.get(key), row) for row in own)
        else:
            yield from ((row, found.get(row.ref_id), None) for row in own)


def _item_alone(connection: Connection, kind: Kind, row: Leased) -> tuple[Leased, Any, Exception | None]:
    try:
        return row, kind.items(connection, [row]).get(row.ref_id), None
    except SQLAlchemyError:
        raise
    except Exception as error:
        return row, None, error


def _refusal(row: Leased, item: Any, claim: Claim, now: datetime, kinds: Kinds) -> Outcome | None:
    if row.target_id not in claim.sight.parties:
        return Outcome.gone("The target is gone")
    if item is None:
        return Outcome.gone("What was to be sent is gone")
    if row.expires_at is not None and row.expires_at <= now:
        return Outcome.rejected("Too old to be sent")
    if suspects.has_killed_enough(row):
        return Outcome.rejected("Gave up: every worker that sent it died")
    if row.attempts > (claim.sight.parties[row.target_id].policy or kinds.get(row.kind).policy).max_attempts:
        return Outcome.rejected("Gave up: tried too often without an answer")
    return None


def _unbuilt(row: Leased, error: Exception, now: datetime) -> Result:
    log.warning("a delivery could not be prepared", exc_info=error, extra={"delivery_id": str(row.id)})
    return Result(row, Outcome.rejected(f"Could not be prepared ({type(error).__name__})"), now, 0, how=How.UNBUILT)


def _load_of(kinds: Kinds, claim: Claim, target_id: UUID, rows: Sequence[tuple[Leased, Any]]) -> Load:
    kind = kinds.get(rows[0][0].kind)
    targets: Mapping[UUID, Any] = claim.sight.targets
    return Load(
        kind=kind.key,
        party=claim.sight.parties[target_id],
        seen=targets[target_id].updated_at,
        timeout_s=kind.timeout_s,
        start_by=start_by(kind, claim.at),
        rows=rows,
        size=claim.sizes.get(target_id),
        response_limit=kind.response_limit,
    )
