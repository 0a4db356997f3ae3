"""The open rate of a period and how long opening took: of the mailings that say to whom or how many they went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.opens.mailings import figures
from app.opens.mailings.models import Mailing, MailingDelay

MOST = 20  # mailings of a period, the latest; each without a list costs a query


@dataclass(frozen=True, slots=True)
class Rate:
    """`opened` of `sent`, over so many `mailings`."""

    opened: int
    sent: int
    mailings: int

    @property
    def share(self) -> float:
        return self.opened / self.sent


def rate_of(session: Session, account_id: UUID, start: datetime, end: datetime) -> Rate | None:
    """Of the mailings that began in the period; None when none of them has a number of recipients."""
    wanted = (
        select(Mailing)
        .where(Mailing.account_id == account_id, Mailing.starts_at >= start, Mailing.starts_at < end)
        .where(or_(Mailing.listed > 0, Mailing.sent.is_not(None)))
        .order_by(Mailing.starts_at.desc())
        .limit(MOST)
    )
    mailings = session.scalars(wanted).all()
    if not mailings:
        return None
    found = figures.of_mailings(session.connection(), mailings).values()
    pairs = [(one.opened, one.sent) for one in found if one.sent]
    return Rate(sum(min(pair) for pair in pairs), sum(sent for _opened, sent in pairs), len(pairs))


def delays_of(session: Session, account_id: UUID, start: datetime, end: datetime) -> tuple[int, ...]:
    """How many ids of the mailings that began in the period were opened, by the time that took (DELAY_BOUNDS_H, and one
    beyond); empty when none was."""
    found = (
        select(MailingDelay.bucket, func.sum(MailingDelay.ids))
        .join(Mailing, Mailing.id == MailingDelay.mailing_id)
        .where(MailingDelay.account_id == account_id, Mailing.account_id == account_id)
        .where(Mailing.starts_at >= start, Mailing.starts_at < end)
        .group_by(MailingDelay.bucket)
    )
    ids = {bucket: int(number) for bucket, number in session.execute(found)}
    return tuple(ids.get(bucket, 0) for bucket in range(figures.BUCKETS)) if any(ids.values()) else ()
