"""Changing a mailing's list: at once while it is small, as a long job when it is not."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert
from sqlalchemy.orm import Session

from app.accounts import audit
from app.core import jobs
from app.core.access import Actor
from app.core.db import write
from app.core.jobs.hold import FILE_PART
from app.core.models import JobPart
from app.opens.mailings import listing, service
from app.opens.mailings.listing import Place
from app.opens.mailings.models import Mailing
from app.opens.mailings.opened import wait_for_noting
from app.opens.mailings.reading import Row

KIND = "mail_list"
AT_ONCE = 1_000  # lines of a file, or ids taken off; more go to a worker
MAX_SHOWN = 100  # refused lines that are kept to be shown

Begin = Callable[[], AbstractContextManager[Connection]]  # a write transaction


class Work(StrEnum):
    ADD = "add"
    REPLACE = "replace"
    CLEAR = "clear"
    DELETE = "delete"  # the mailing too


@contextmanager
def beginning() -> Iterator[Connection]:
    """A write transaction of a request."""
    with write() as session:
        yield session.connection()


@dataclass(slots=True)
class Tally:
    """What became of the rows of a list. `opened`: of those that are listed now, already opened since they were sent;
    `refused` the first of them."""

    added: int = 0
    duplicates: int = 0
    opened: int = 0
    wrong: int = 0
    refused: list[Row] = field(default_factory=list)

    def refuse(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.wrong += 1
            if len(self.refused) < MAX_SHOWN:
                self.refused.append(row)

    def counts(self) -> dict[str, int]:
        return {"added": self.added, "duplicates": self.duplicates, "opened": self.opened, "wrong": self.wrong}


def add_part(begin: Begin, place: Place, rows: list[Row], tally: Tally) -> None:
    """Lists one part of at most `listing.PART` rows, in three transactions: an open that is being recorded right now is
    either noted by its recorder, which sees the rows, or seen here. Done twice it does no harm."""
    good = [row for row in rows if row.wrong is None]
    with begin() as connection:
        added = listing.add(connection, place, good)
    with begin() as connection:
        wait_for_noting(connection)
    with begin() as connection:
        tally.opened += listing.mark(connection, place, [row.ref for row in good])
    tally.added += added
    tally.duplicates += len(good) - added
    tally.refuse(row for row in rows if row.wrong is not None)


def is_small(mailing: Mailing, work: Work, rows: int = 0) -> bool:
    """Whether the change can be made while somebody waits."""
    return rows <= AT_ONCE and (work == Work.ADD or mailing.listed <= AT_ONCE)


def add_all(begin: Begin, place: Place, rows: Iterable[Row]) -> Tally:
    tally = Tally()
    for part in listing.parts(rows):
        add_part(begin, place, part, tally)
    return tally


def clear(begin: Begin, place: Place) -> int:
    """Takes every id off the list, part by part; how many."""
    gone = 0
    while True:
        with begin() as connection:
            part = listing.take_off(connection, place.account_id, place.mailing_id)
        if not part:
            return gone
        gone += part


def change(begin: Begin, actor: Actor, mailing: Mailing, work: Work, rows: Iterable[Row] = ()) -> Tally:
    """Does the whole of it, with its entry in the audit."""
    place = listing.place_of(mailing)
    gone = clear(begin, place) if work != Work.ADD else 0
    tally = add_all(begin, place, rows)
    with begin() as connection:
        conclude(connection, actor, place, mailing.name, work, tally, gone)
    return tally


def conclude(
    connection: Connection, actor: Actor, place: Place, name: str, work: Work, tally: Tally, gone: int
) -> None:
    """The end of a change: its entry in the audit, and the mailing's own end where that was asked for."""
    if work == Work.DELETE:
        service.remove(connection, actor, place.account_id, place.mailing_id)
        return
    counts = {"removed": gone, **tally.counts()}
    changes: audit.Changes = {name: [None, number] for name, number in counts.items() if number}
    audit.record(connection, actor, f"mailing.list_{work}", subject_id=place.mailing_id, subject=name, changes=changes)


def packed(content: bytes) -> bytes:
    """A file as it waits for a worker. To be done before the write transaction of `start`."""
    return zlib.compress(content, 1)


def start(
    session: Session, actor: Actor, mailing: Mailing, work: Work, *, zone: str, language: str, file: bytes = b"",
    lines: int | None = None,
) -> UUID:  # fmt: skip
    """Hands the change to a worker, in the caller's write transaction; the job's id. `file` (packed, of so many
    `lines`) waits where the job's own file will be."""
    connection = session.connection()
    pieces = [file[at : at + FILE_PART] for at in range(0, len(file), FILE_PART)]
    params: dict[str, Any] = {
        "mailing": str(mailing.id), "work": str(work), "zone": zone, "language": language, "parts": len(pieces),
    }  # fmt: skip
    job_id = jobs.start(
        connection,
        account_id=mailing.account_id,
        kind=KIND,
        params=params,
        total=mailing.listed if lines is None else lines,
        created_by=actor.user_id,
    )
    rows = [{"job_id": job_id, "number": number, "content": piece} for number, piece in enumerate(pieces)]
    if rows:
        connection.execute(insert(JobPart), rows)
    return job_id
