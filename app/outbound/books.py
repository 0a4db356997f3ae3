"""The drain's dealings with the database: look, settle and claim, load, give back. Short transactions, no calls."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock
from app.core.db import begin_write
from app.core.errors import is_database_away
from app.outbound.claim import DueTarget, Take, claim, one_by_one, open_targets
from app.outbound.fence import release, renew
from app.outbound.kinds import Kinds, Leased, Party
from app.outbound.limits.counting import MARGIN, Grant, count, give_back, lock
from app.outbound.loading import lease_of, load
from app.outbound.models import TargetState
from app.outbound.parcel import Parcel
from app.outbound.results import Result, Written
from app.outbound.settle import Book, keep_no_books, prepare, settle
from app.outbound.shares import CLAIM_ROWS
from app.outbound.sight import Claim, Sight

log = logging.getLogger(__name__)
RELEASE_PART = 500  # rows of one short transaction


@dataclass(frozen=True, slots=True)
class Turn:
    """What one transaction did."""

    written: list[Written]
    takes: list[Take]
    refused: list[Result] = field(default_factory=list)  # not written, and still ours


class Books:
    """One process's way to the ledger. Everything but `give_back` raises SQLAlchemyError when the database is away."""

    def __init__(self, engine: Engine, kinds: Kinds) -> None:
        self._engine = engine
        self._kinds = kinds

    def look(self) -> Sight:
        """What has open deliveries, and the credentials of what is due."""
        with self._engine.connect() as connection:
            now = clock.now()
            targets = {target.id: target for target in open_targets(connection)}
            due = {key: each for key, each in targets.items() if each.ready_at is not None and each.ready_at <= now}
            parties = self._parties(connection, due)
            limited = frozenset(key for key, each in targets.items() if each.is_limited)
            return Sight(now, targets, due, parties, limited)

    def turn(
        self,
        results: Sequence[Result],
        renewals: Sequence[Leased],
        wanted: Sequence[tuple[DueTarget, int]],
        batch_of: Callable[[UUID], int] = one_by_one,
    ) -> Turn:
        """Settles, renews and claims in one transaction. Results that the database does not take among others that it
        does are left over, so that they cannot hold up everybody's."""
        try:
            return self._turn(results, renewals, wanted, batch_of)
        except Exception as error:
            if is_database_away(error) or not results:
                raise
            log.warning("a group of %d results could not be written; one by one then", len(results), exc_info=error)
            written, refused = self._settle_singly(results)
            if not written and refused:  # then it is not they
                raise
        return replace(self._turn([], renewals, wanted, batch_of), written=written, refused=refused)

    def load(self, claim: Claim) -> tuple[list[Parcel], list[Result]]:
        """The calls of a claim, and the results of rows for which none can be made."""
        with self._engine.connect() as connection:
            return load(connection, self._kinds, claim)

    def give_back(self, rows: Sequence[Leased]) -> None:
        """Releases rows that were not sent. When that fails their leases end by themselves."""
        try:
            for start in range(0, len(rows), RELEASE_PART):
                with begin_write(self._engine) as connection:
                    release(connection, rows[start : start + RELEASE_PART], clock.now())
        except SQLAlchemyError as error:
            log.warning("%d claimed rows could not be given back: %s", len(rows), type(error).__name__)

    def more_calls(self, lacking: Mapping[UUID, int], unused: Sequence[Grant]) -> list[Grant]:
        """Gives calls back that were not made, then takes as many of those that are lacking as the limits allow."""
        with begin_write(self._engine) as connection:
            give_back(connection, unused)
            windows = lock(connection, lacking)
            return [
                count(connection, locked, locked.standing.granted(lacking[key], MARGIN), MARGIN)
                for key, locked in windows.items()
            ]

    def give_back_calls(self, unused: Sequence[Grant]) -> None:
        """As `give_back`; when that fails, their windows end by themselves."""
        try:
            with begin_write(self._engine) as connection:
                give_back(connection, unused)
        except SQLAlchemyError as error:
            log.warning("calls that were not made stay counted: %s", type(error).__name__)

    def _parties(self, connection: Connection, due: dict[UUID, DueTarget]) -> Mapping[UUID, Party]:
        """Who the due targets are. One that trips its kind is left out of `due`, and waits until that is mended."""
        parties: dict[UUID, Party] = {}
        alive = [target for target in due.values() if target.state != TargetState.DELETED]
        for kind in {target.kind for target in alive}:
            ids = [target.id for target in alive if target.kind == kind]
            try:
                parties |= self._kinds.get(kind).parties(connection, ids)
            except SQLAlchemyError:
                raise
            except Exception:
                log.exception("targets of kind %s could not be read together", kind)
                for target_id in ids:
                    parties |= self._party_alone(connection, due, target_id)
        return parties

    def _party_alone(self, connection: Connection, due: dict[UUID, DueTarget], target_id: UUID) -> Mapping[UUID, Party]:
        try:
            return self._kinds.get(due[target_id].kind).parties(connection, [target_id])
        except SQLAlchemyError:
            raise
        except Exception as error:
            log.warning("a target could not be read: %s", type(error).__name__, extra={"target_id": str(target_id)})
            del due[target_id]
            return {}

    def _turn(
        self,
        results: Sequence[Result],
        renewals: Sequence[Leased],
        wanted: Sequence[tuple[DueTarget, int]],
        batch_of: Callable[[UUID], int] = one_by_one,
        book: Book | None = None,
    ) -> Turn:
        now = clock.now()
        leases = {target.kind: lease_of(self._kinds.get(target.kind)) for target, _ in wanted}
        settlement = prepare(results, lambda kind: self._kinds.get(kind).policy, now) if results else None
        with begin_write(self._engine) as connection:
            written = settle(connection, settlement, book or self._book) if settlement else []
            for kind in {row.kind for row in renewals}:
                rows = [row for row in renewals if row.kind == kind]
                renew(connection, rows, now + lease_of(self._kinds.get(kind)))
            return Turn(written, claim(connection, wanted, now, leases, CLAIM_ROWS, batch_of))

    def _book(self, connection: Connection, tried: Sequence[Result], written: Sequence[Written], at: datetime) -> None:
        keys = {result.row.kind for result in tried} | {item.result.row.kind for item in written}
        for key in sorted(keys):
            if len(keys) == 1:
                self._kinds.get(key).book(connection, tried, written, at)
                continue
            own_tried = [result for result in tried if result.row.kind == key]
            own_written = [item for item in written if item.result.row.kind == key]
            self._kinds.get(key).book(connection, own_tried, own_written, at)

    def _settle_singly(self, results: Sequence[Result]) -> tuple[list[Written], list[Result]]:
        written: list[Written] = []
        refused: list[Result] = []
        for result in results:
            plain = result.without_words()
            # without its kind's book at last: a defect there must not have it sent again and again
            versions = (result, None), (plain, None), (result, keep_no_books), (plain, keep_no_books)
            for version, book in versions:
                try:
                    written += self._turn([version], [], [], book=book).written
                    break
                except Exception as error:
                    log.warning("a result was refused", exc_info=error, extra={"delivery_id": str(result.row.id)})
                    if is_database_away(error):
                        break
            else:
                refused.append(result)
        return written, [result for result in refused if not self._is_over(result)]

    def _is_over(self, result: Result) -> bool:
        """Whether its lease has ended, so that it is tried again anyway."""
        return clock.now() > result.started_at + lease_of(self._kinds.get(result.row.kind))
