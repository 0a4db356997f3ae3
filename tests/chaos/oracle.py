"""What must be true when the dust has settled, from the database, the platforms and what clients were told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.pool import NullPool

from app.outbound.models import OPEN_STATUSES, Attempt, Delivery, Status
from app.tracking.models import TrackedEvent
from tests.chaos.load import arrival_key
from tests.chaos.open_books import OpenFindings
from tests.outbound.true_figures import counted, kept


@dataclass(frozen=True, slots=True)
class Sight:
    """One accepted event as all three saw it. `unsettled` counts claims whose result was never written (or came after
    the lease), `unanswered` calls that broke without an answer: each of both may have arrived, and there is no other
    way to a second arrival."""

    event_id: str
    delivery_id: UUID
    status: str
    attempts: int
    unsettled: int
    arrivals: int
    detail: str | None = None
    unanswered: int = 0


class Books:
    """Reads the product's database from outside."""

    def __init__(self, url: str) -> None:
        self.engine: Engine = create_engine(url, poolclass=NullPool)

    def open_count(self) -> int:
        return self._count(Delivery.status.in_(OPEN_STATUSES))

    def overdue_count(self, by_s: float) -> int:
        """Deliveries in nobody's hands any more that nobody took back for so long."""
        with self.engine.connect() as connection:
            ends = connection.scalars(select(Delivery.next_at).where(Delivery.status == Status.LEASED)).all()
        now = datetime.now(UTC)
        return sum((now - end).total_seconds() > by_s for end in ends)

    def leased(self) -> set[UUID]:
        """The deliveries in somebody's hands at this moment."""
        with self.engine.connect() as connection:
            return set(connection.scalars(select(Delivery.id).where(Delivery.status == Status.LEASED)))

    def sights(self, arrivals: Mapping[str, int]) -> list[Sight]:
        in_time = Attempt.detail.is_(None) | ~Attempt.detail.contains("came too late")
        logged = (
            select(
                Attempt.delivery_id,
                func.count().filter(in_time).label("count"),
                func.count().filter(in_time, Attempt.http_status.is_(None)).label("unanswered"),
            )
            .group_by(Attempt.delivery_id)
            .subquery("logged")
        )
        with self.engine.connect() as connection:
            rows = connection.execute(
                select(
                    TrackedEvent.event_id, TrackedEvent.platform, Delivery.id, Delivery.status, Delivery.attempts,
                    Delivery.detail, func.coalesce(logged.c.count, 0), func.coalesce(logged.c.unanswered, 0),
                )
                .join(Delivery, (Delivery.account_id == TrackedEvent.account_id) & (Delivery.ref_id == TrackedEvent.id))
                .outerjoin(logged, logged.c.delivery_id == Delivery.id)
            ).all()  # fmt: skip
        return [
            Sight(
                event_id, id_, status, attempts, attempts - count,
                arrivals.get(arrival_key(platform, event_id), 0), detail, unanswered,
            )
            for event_id, platform, id_, status, attempts, detail, count, unanswered in rows
        ]  # fmt: skip

    def attempts(self) -> list[str]:
        """What every logged attempt came to, in words, in the order of their ends."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(Attempt.outcome, Attempt.detail).order_by(Attempt.created_at))
            return [f"{outcome}: {detail or ''}" for outcome, detail in rows]

    def figures_that_lie(self) -> list[str]:
        """Where the figures that were kept differ from those that the rows give."""
        true, told = counted(self.engine), kept(self.engine)
        return [
            f"figure {key}: kept {told[name].get(key, 0)}, by the rows {true[name].get(key, 0)}"
            for name in true
            for key in {*true[name], *told[name]}
            if told[name].get(key, 0) != true[name].get(key, 0)
        ]

    def integrity(self) -> str:
        """What SQLite thinks of its file; PostgreSQL looks after itself."""
        if self.engine.dialect.name != "sqlite":
            return "ok"
        with self.engine.connect() as connection:
            return str(connection.exec_driver_sql("PRAGMA integrity_check").scalar_one())

    def _count(self, which: Any) -> int:
        with self.engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(Delivery).where(which)) or 0


@dataclass(frozen=True, slots=True)
class Findings:
    accepted: int
    lost: list[str]  # acknowledged, and never arrived
    duplicates: int
    max_per_event: int
    wrong: list[str]  # every other broken promise, in words
    opens: OpenFindings | None = None

    @property
    def is_clean(self) -> bool:
        return not self.lost and not self.wrong


def judge(
    taken: Mapping[str, str], sights: list[Sight], arrivals: Mapping[str, int], in_hand: list[set[UUID]]
) -> Findings:
    """`in_hand`: for each kill, the deliveries that were leased at that moment. Only those may have a claim without a
    result, and only a claim without a result explains a second arrival."""
    wrong = [f"{event_id} was stored twice" for event_id in _repeated(sights)]
    kills = Counter(id_ for group in in_hand for id_ in group)
    for sight in sights:
        name = f"{sight.event_id} ({sight.status}, {sight.attempts} claims, {sight.unsettled} without a result)"
        if sight.status != Status.DONE:
            wrong.append(f"{name} is not delivered: {sight.detail}")
        if sight.status == Status.DONE and not sight.arrivals:
            wrong.append(f"{name} counts as delivered but never arrived")
        if sight.unsettled < 0 or sight.unsettled > kills[sight.delivery_id]:
            wrong.append(f"{name} was in hand at {kills[sight.delivery_id]} kills")
        if sight.arrivals > 1 + sight.unsettled + sight.unanswered:
            wrong.append(f"{name} arrived {sight.arrivals} times")
    stored = {sight.event_id for sight in sights}
    wrong += [f"{event_id} was acknowledged but is not stored" for event_id in taken if event_id not in stored]
    strangers = sum(arrivals.values()) - sum(sight.arrivals for sight in sights)
    if strangers:
        wrong.append(f"{strangers} arrivals of events that are not stored")
    return Findings(
        accepted=len(taken),
        lost=[event_id for event_id, platform in taken.items() if not arrivals.get(arrival_key(platform, event_id))],
        duplicates=sum(count - 1 for count in arrivals.values()),
        max_per_event=max(arrivals.values(), default=0),
        wrong=wrong,
    )


def _repeated(sights: list[Sight]) -> list[str]:
    return [event_id for event_id, count in Counter(sight.event_id for sight in sights).items() if count > 1]
