"""What became of a mailing: from counters and rollups, at a cost that does not grow with its list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import accumulate
from uuid import UUID

from sqlalchemy import Connection, func, select

from app.opens import figures
from app.opens.mailings.models import DELAY_BOUNDS_H, Mailing, MailingDelay
from app.opens.models import OpenSliceHour

BUCKETS = len(DELAY_BOUNDS_H) + 1


class Basis(StrEnum):
    """What a rate stands on (DECISIONS 13)."""

    LIST = "list"  # listed ids opened since they were sent
    SENT = "sent"  # ids first opened in the period, of as many as the sender says
    NONE = "none"  # those, and nothing to compare them with


@dataclass(frozen=True, slots=True)
class MailingFigures:
    """`opened` ids of `sent`; `rate` is a share, above 1 when more were opened than the sender said were sent."""

    basis: Basis
    opened: int
    sent: int | None = None

    @property
    def rate(self) -> float | None:
        return self.opened / self.sent if self.sent else None


def of_mailings(connection: Connection, mailings: Sequence[Mailing]) -> dict[UUID, MailingFigures]:
    """Figures of mailings of one account."""
    listed = [mailing for mailing in mailings if mailing.listed]
    delays = _delays(connection, listed)
    found = {
        mailing.id: MailingFigures(Basis.LIST, sum(delays.get(mailing.id, ())), mailing.listed) for mailing in listed
    }
    for mailing in mailings:
        if not mailing.listed:
            basis = Basis.SENT if mailing.sent else Basis.NONE
            found[mailing.id] = MailingFigures(basis, _firsts(connection, mailing), mailing.sent)
    return found


def of_mailing(connection: Connection, mailing: Mailing) -> MailingFigures:
    return of_mailings(connection, [mailing])[mailing.id]


def delays(connection: Connection, mailing: Mailing) -> list[int]:
    """How many listed ids were opened, by the time that took (buckets of DELAY_BOUNDS_H, and one beyond)."""
    return _delays(connection, [mailing]).get(mailing.id, [0] * BUCKETS)


def median_bucket(buckets: Sequence[int]) -> int | None:
    """The bucket in which the middle one of the opened ids lies."""
    total = sum(buckets)
    return next((at for at, until in enumerate(accumulate(buckets)) if total and 2 * until >= total), None)


def first_opens(connection: Connection, mailing: Mailing) -> dict[datetime, int]:
    """Ids first opened in each UTC hour of the period, through its image if it has one; hours without are absent."""
    if mailing.image_id is None:
        hours = figures.by_hour(connection, mailing.account_id, mailing.starts_at, mailing.ends_at)
        return {hour: found.firsts for hour, found in hours.items() if found.firsts}
    counted = (
        select(OpenSliceHour.hour, func.sum(OpenSliceHour.firsts))
        .where(
            OpenSliceHour.account_id == mailing.account_id,
            OpenSliceHour.hour >= mailing.starts_at,
            OpenSliceHour.hour < mailing.ends_at,
            OpenSliceHour.image_id == mailing.image_id,
        )
        .group_by(OpenSliceHour.hour)
    )
    return {hour: int(firsts) for hour, firsts in connection.execute(counted) if firsts}


def _firsts(connection: Connection, mailing: Mailing) -> int:
    own = mailing.account_id
    if mailing.image_id is None:
        return figures.total(connection, own, mailing.starts_at, mailing.ends_at).firsts
    slices = figures.slices(connection, own, mailing.starts_at, mailing.ends_at, by=("image_id",))
    return slices[(mailing.image_id,)].firsts if (mailing.image_id,) in slices else 0


def _delays(connection: Connection, mailings: Iterable[Mailing]) -> dict[UUID, list[int]]:
    ids = {mailing.id: mailing.account_id for mailing in mailings}
    counted = (
        select(MailingDelay.mailing_id, MailingDelay.bucket, func.sum(MailingDelay.ids))
        .where(MailingDelay.account_id.in_(set(ids.values())), MailingDelay.mailing_id.in_(ids))
        .group_by(MailingDelay.mailing_id, MailingDelay.bucket)
    )
    found: dict[UUID, list[int]] = {}
    for mailing_id, bucket, number in connection.execute(counted):
        found.setdefault(mailing_id, [0] * BUCKETS)[bucket] += int(number)
    return found
