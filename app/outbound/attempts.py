"""The attempts of deliveries, read back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.outbound.models import Attempt

CLOCK_SKEW = timedelta(hours=1)  # between the hosts of web and worker
MAX_ATTEMPTS = 200


def newest(session: Session, account_id: UUID, delivery_ids: Sequence[UUID], accepted_at: datetime) -> list[Attempt]:
    """At most MAX_ATTEMPTS of these deliveries, newest first. The time stays out of what SQLite is asked (ids sort as
    it does): given a time it walks the account's log from there, however long, instead of seeking the delivery."""
    tried = select(Attempt).where(Attempt.account_id == account_id, Attempt.delivery_id.in_(delivery_ids))
    if session.get_bind().dialect.name == "postgresql":
        tried = tried.where(Attempt.created_at >= accepted_at - CLOCK_SKEW)  # older partitions cannot hold any
    return list(session.scalars(tried.order_by(Attempt.id.desc()).limit(MAX_ATTEMPTS)))
