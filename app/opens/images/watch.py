"""What needs a person about the tags in mails: files that are not there, ids that no tool filled in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Select, and_, func, select

from app.accounts.models import Account
from app.attention.checks import Found, Look, Severity, register
from app.attention.words import describe
from app.core.periods import DAY
from app.core.rollup import hour_of
from app.opens.images.models import Image
from app.opens.images.usage import Asked
from app.opens.images.watch_words import FILES_MISSING, IDS_UNRENDERED, WORDS
from app.opens.models import MissReason, OpenMissHour

STEPS = (20, 100, 1_000, 10_000, 100_000)  # fewer are somebody's tries; told by steps, since each new number is a write
MANY = 1_000
KINDS = {MissReason.UNKNOWN_FILE: FILES_MISSING, MissReason.UNRENDERED: IDS_UNRENDERED}


def watch() -> None:
    register("images", WORDS, check)
    describe(WORDS)


def check(look: Look) -> Iterator[Found]:
    """Reads the counters of a day: some hundred rows an account at most, however many loads there were."""
    by_kind: dict[tuple[UUID, MissReason], list[Asked]] = defaultdict(list)
    for account_id, reason, file, hits in look.connection.execute(_asked(look)):
        by_kind[account_id, MissReason(reason)].append(Asked(file, int(hits)))
    for (account_id, reason), asked in by_kind.items():
        hits = sum(one.hits for one in asked)
        if (step := max((step for step in STEPS if hits >= step), default=None)) is not None:
            first = max(asked, key=lambda one: (one.hits, one.file))
            facts = {"file": first.file, "files": len(asked), "hits": step, "can_upload": first.can_upload}
            severity = Severity.DANGER if step >= MANY else Severity.WARNING
            yield Found(account_id, KINDS[reason], "", severity, facts)


def _asked(look: Look) -> Select[UUID, str, str, int]:
    """By account, which the key of the counters begins with. A file that somebody has uploaded is no longer missing."""
    since = hour_of(look.now) - DAY
    counted = (
        select(OpenMissHour.account_id, OpenMissHour.reason, OpenMissHour.file, func.sum(OpenMissHour.hits))
        .outerjoin(Image, and_(Image.account_id == OpenMissHour.account_id, Image.file == OpenMissHour.file))
        .where(OpenMissHour.account_id.in_(select(Account.id)), OpenMissHour.hour >= since)
    )
    is_missing = and_(OpenMissHour.reason == MissReason.UNKNOWN_FILE, Image.id.is_(None))
    counted = counted.where(is_missing | (OpenMissHour.reason == MissReason.UNRENDERED))
    return counted.group_by(OpenMissHour.account_id, OpenMissHour.reason, OpenMissHour.file)
