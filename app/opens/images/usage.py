"""What the figures say of images: how often they were opened, and what went wrong with the tags."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, func, select

from app.core.periods import HOUR
from app.core.rollup import hour_of
from app.opens import figures
from app.opens.closed.models import Kind
from app.opens.images.models import Image
from app.opens.images.names import is_file
from app.opens.mailings.models import Mailing
from app.opens.models import COUNTED, MissReason, OpenSliceDay
from app.opens.shares import shares

WEEK, FOUR_WEEKS = timedelta(days=7), timedelta(days=28)
MOST_FILES = 10  # named in a warning
MOST_MAILINGS = 10


@dataclass(frozen=True, slots=True)
class Use:
    """Of one image in a period that ends now: counted `opens` after folding, `firsts` (ids whose first counted open
    was of this image), `automatic` ones of machines."""

    opens: int = 0
    firsts: int = 0
    automatic: int = 0


def of_images(connection: Connection, account_id: UUID, now: datetime, length: timedelta) -> dict[UUID, Use]:
    """From the rollups; images that nobody loaded are absent."""
    end = hour_of(now) + HOUR
    numbers: dict[UUID, list[int]] = defaultdict(lambda: [0, 0, 0])
    for (image_id, kind), own in shares(connection, account_id, end - length, end, [Kind.IMAGE])[Kind.IMAGE].items():
        sums = numbers[image_id]
        sums[0 if kind in COUNTED else 2] += own.opens
        sums[1] += own.firsts
    return {image_id: Use(*sums) for image_id, sums in numbers.items()}


def loads_ever(connection: Connection, image: Image) -> tuple[int, date | None]:
    """All opens of an image, those of machines too, and the last UTC day with one."""
    found = select(func.coalesce(func.sum(OpenSliceDay.opens), 0), func.max(OpenSliceDay.day)).where(
        OpenSliceDay.account_id == image.account_id, OpenSliceDay.image_id == image.id, OpenSliceDay.opens > 0
    )
    number, day = connection.execute(found).one()
    return int(number), day and day.date()


def mailings_with(connection: Connection, image: Image) -> list[tuple[UUID, str]]:
    """The latest mailings that named this image."""
    found = select(Mailing.id, Mailing.name).where(Mailing.account_id == image.account_id, Mailing.image_id == image.id)
    rows = connection.execute(found.order_by(Mailing.starts_at.desc(), Mailing.id).limit(MOST_MAILINGS))
    return [(id, name) for id, name in rows]


@dataclass(frozen=True, slots=True)
class Asked:
    """A file that mails asked for in vain, or with an id that did not count; `can_upload`: it could be one of ours."""

    file: str
    hits: int

    @property
    def can_upload(self) -> bool:
        return is_file(self.file)


@dataclass(frozen=True, slots=True)
class Warnings:
    """What somebody should mend in the mails, from the loads of a period: files with their loads, most first."""

    missing: list[Asked] = field(default_factory=list)
    unrendered: list[Asked] = field(default_factory=list)
    without_id: list[Asked] = field(default_factory=list)
    unsigned: list[Asked] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.missing or self.unrendered or self.without_id or self.unsigned)


def warnings(connection: Connection, account_id: UUID, now: datetime, length: timedelta = WEEK) -> Warnings:
    """What was mended meanwhile is left out: files that somebody uploaded, images that take unsigned links again."""
    end = hour_of(now) + HOUR
    by_reason: dict[str, list[Asked]] = defaultdict(list)
    for (reason, file), hits in figures.misses(connection, account_id, end - length, end).items():
        by_reason[reason].append(Asked(file, hits))
    images = _signed_only(connection, account_id) if by_reason else {}
    return Warnings(
        missing=_most([one for one in by_reason[MissReason.UNKNOWN_FILE] if one.file not in images]),
        unrendered=_most(by_reason[MissReason.UNRENDERED]),
        without_id=_most(by_reason[MissReason.WITHOUT_ID]),
        unsigned=_most([one for one in by_reason[MissReason.UNSIGNED] if images.get(one.file)]),
    )


def _signed_only(connection: Connection, account_id: UUID) -> dict[str, bool]:
    """Of every image of the account, by its file."""
    found = select(Image.file, Image.signed_only).where(Image.account_id == account_id)
    return {row.file: row.signed_only for row in connection.execute(found)}


def _most(asked: list[Asked]) -> list[Asked]:
    return sorted(asked, key=lambda one: (-one.hits, one.file))[:MOST_FILES]
