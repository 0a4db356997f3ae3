"""What a restored database must not remember: who was holding what when the copy was made."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select, update

from app.core import clock
from app.core.models import CronRun, Heartbeat, Job, JobState, Lease
from app.outbound.models import Delivery, Status, Target, TargetState

RESTORED = "Restored from a backup"
BY_HAND = "user"  # a pause that a person ends


@dataclass(frozen=True, slots=True)
class Open:
    """Deliveries that go out when the product starts here."""

    waiting: int
    in_flight: int  # claimed when the backup was taken: whether they arrived nobody can tell


def let_go(connection: Connection) -> Open:
    """Ends leases, so that what was in flight is due at once; takes out heartbeats, the ticker's lead and the notes of
    what ran by the clock. Nothing else changes: what was delivered stays so."""
    waiting = connection.scalar(select(func.count()).select_from(Delivery).where(Delivery.status == Status.PENDING))
    free = {"status": Status.PENDING, "next_at": clock.now(), "lease_token": None, "waiter": None}
    in_flight = connection.execute(update(Delivery).where(Delivery.status == Status.LEASED).values(**free)).rowcount
    unheld = {"state": JobState.QUEUED, "lease_token": None, "lease_until": None}
    connection.execute(update(Job).where(Job.state == JobState.RUNNING).values(**unheld))
    for model in (Heartbeat, Lease, CronRun):
        connection.execute(delete(model))
    return Open(int(waiting or 0), in_flight)


def pause_all(connection: Connection) -> int:
    """Holds every target until a person resumes it: for a copy that is only to be looked at."""
    held = {"state": TargetState.PAUSED, "reason": RESTORED, "reason_code": BY_HAND, "updated_at": clock.now()}
    return connection.execute(update(Target).where(Target.state == TargetState.ACTIVE).values(**held)).rowcount
