"""A change of a list as somebody asks for it: made while they wait, or handed to a worker."""

from __future__ import annotations

from itertools import islice
from uuid import UUID
from zoneinfo import ZoneInfo

from app.core.access import Actor
from app.core.db import write
from app.opens.mailings import lists, reading
from app.opens.mailings.lists import AT_ONCE, Tally, Work
from app.opens.mailings.models import Mailing
from app.opens.mailings.reading import Row


def make(
    actor: Actor, mailing: Mailing, work: Work, *, zone: str, language: str, content: bytes | None = None
) -> Tally | UUID:
    """What became of it, or the id of the job that does it. `content` is a file for ADD and REPLACE. Raises Invalid
    (`file`) for one of no use, and Conflict when too many jobs wait."""
    rows = [] if content is None else list(islice(reading.read(content, ZoneInfo(zone)), AT_ONCE + 1))
    if lists.is_small(mailing, work, len(rows)):
        return lists.change(lists.beginning, actor, mailing, work, rows)
    file, lines = (lists.packed(content), content.count(b"\n") + 1) if content else (b"", None)
    with write() as session:
        return lists.start(session, actor, mailing, work, zone=zone, language=language, file=file, lines=lines)


def add_now(actor: Actor, mailing: Mailing, rows: list[Row]) -> Tally:
    """Lists rows, however many, while somebody waits."""
    return lists.change(lists.beginning, actor, mailing, Work.ADD, rows)
