"""A listed id is opened: noted in the transaction that records the open."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from uuid import UUID

from sqlalchemy import Connection, exists, select, text

from app.core.db import sqlite_driver
from app.core.rollup import Rollup
from app.opens.mailings.models import DELAY_BOUNDS_H, Mailing, MailingDelay

Opened = tuple[UUID, str, datetime]  # account, id, when
Delay = tuple[UUID, UUID, datetime, datetime]  # account, mailing, sent at, opened at

_BOUNDS = [timedelta(hours=hours) for hours in DELAY_BOUNDS_H]
_add_delays = Rollup(MailingDelay)

_WAITING = "SELECT mailing_id, sent_at FROM mailed_id WHERE account_id = ? AND ref = ? AND opened_at IS NULL"
_OPEN = "UPDATE mailed_id SET opened_at = ? WHERE account_id = ? AND ref = ? AND mailing_id = ?"
_AWAIT = "UPDATE opened_id SET awaited = ? WHERE account_id = ? AND ref = ? AND awaited <> ?"

# Locked in the order of the key, so that two writers do not deadlock; whoever comes second finds the row opened.
_GIVEN = """WITH given AS (
    SELECT * FROM unnest(CAST(:accounts AS uuid[]), CAST(:refs AS text[]), CAST(:times AS timestamptz[]))
        AS given (account_id, ref, at)
)"""
_MARK_ALL = text(f"""{_GIVEN}, due AS (
        SELECT mailed.account_id, mailed.ref, mailed.mailing_id, mailed.sent_at FROM mailed_id AS mailed
        WHERE mailed.opened_at IS NULL AND (mailed.account_id, mailed.ref) IN (SELECT account_id, ref FROM given)
            AND EXISTS (
                SELECT FROM given WHERE given.account_id = mailed.account_id AND given.ref = mailed.ref
                    AND given.at >= mailed.sent_at
            )
        ORDER BY mailed.account_id, mailed.ref, mailed.mailing_id FOR UPDATE OF mailed
    )
    UPDATE mailed_id AS mailed SET opened_at = (
        SELECT min(given.at) FROM given
        WHERE given.account_id = due.account_id AND given.ref = due.ref AND given.at >= due.sent_at
    ) FROM due
    WHERE mailed.account_id = due.account_id AND mailed.ref = due.ref AND mailed.mailing_id = due.mailing_id
    RETURNING mailed.account_id, mailed.mailing_id, mailed.sent_at, mailed.opened_at
""")  # noqa: S608 - own words
_AWAIT_ALL = text(f"""{_GIVEN}, wanted AS (
        SELECT given.account_id, given.ref, EXISTS (
            SELECT FROM mailed_id AS mailed
            WHERE mailed.account_id = given.account_id AND mailed.ref = given.ref AND mailed.opened_at IS NULL
        ) AS awaited FROM given
    )
    UPDATE opened_id AS opened SET awaited = wanted.awaited FROM wanted
    WHERE opened.account_id = wanted.account_id AND opened.ref = wanted.ref AND opened.awaited <> wanted.awaited
""")  # noqa: S608 - own words
# An import waits here until whoever noted before its rows were there has committed (see `listing.settle`).
_NOTING = text("SELECT pg_advisory_xact_lock_shared(:key)")
_NOTED = text("SELECT pg_advisory_xact_lock(:key)")
_LOCK = 0x6D61696C6C697374  # "maillist"


def has_lists(connection: Connection, account_id: UUID) -> bool:
    """Whether `note` may have something to do for this account: it has a mailing, which moves the `config_version`
    when it comes and goes. (Not whether ids are listed: then the opens of the very moment of a first list would be
    lost on PostgreSQL.)"""
    return bool(connection.scalar(select(exists().where(Mailing.account_id == account_id))))


def note(connection: Connection, opened: Sequence[Opened]) -> None:
    """Notes counted opens of ids for the mailings that list them, inside the transaction that records the opens, after
    its OpenedId rows were written. For the first counted open of an id, and for each one while its OpenedId is
    `awaited`; which is set anew here: whether a mailing goes on waiting, since it is sent later."""
    if not opened:
        return
    driver = sqlite_driver(connection)
    delays = _note_at_once(connection, opened) if driver is None else _note_each(driver, opened)
    add_delays(connection, delays)


def add_delays(connection: Connection, delays: Iterable[Delay], sign: int = 1) -> None:
    """Counts ids that were opened; with `sign` -1 takes them away."""
    counts = Counter((account, mailing, bucket_of(at - sent)) for account, mailing, sent, at in delays)
    _add_delays(connection, {key: (sign * ids,) for key, ids in counts.items()})


def bucket_of(delay: timedelta) -> int:
    """0 for under the first of DELAY_BOUNDS_H, 1 for under the second …; the last one for all beyond."""
    return bisect_right(_BOUNDS, delay)


def wait_for_noting(connection: Connection) -> None:
    """Until every transaction that noted before this one began has ended. In a transaction of its own that does nothing
    else, since it stands in the way of all recording. SQLite has one writer at a time anyway."""
    if sqlite_driver(connection) is None:
        connection.execute(_NOTED, {"key": _LOCK})


def _note_each(driver: sqlite3.Connection, opened: Sequence[Opened]) -> list[Delay]:
    delays = []
    for account_id, ref, at in sorted(opened, key=itemgetter(2)):  # each may be the first that some mailing counts
        account, waits = account_id.hex, False
        for mailing, sent in driver.execute(_WAITING, (account, ref)).fetchall():
            sent_at = datetime.fromisoformat(sent).replace(tzinfo=UTC)
            if sent_at > at:
                waits = True
            else:
                driver.execute(_OPEN, (_stored(at), account, ref, mailing))
                delays.append((account_id, UUID(mailing), sent_at, at))
        driver.execute(_AWAIT, (waits, account, ref, waits))
    return delays


def _stored(moment: datetime) -> str:
    """As SQLAlchemy writes a time on SQLite."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _note_at_once(connection: Connection, opened: Sequence[Opened]) -> list[Delay]:
    accounts, refs, times = zip(*opened, strict=True)
    given = {"accounts": list(accounts), "refs": list(refs), "times": list(times)}
    connection.execute(_NOTING, {"key": _LOCK})
    marked = [(row[0], row[1], row[2], row[3]) for row in connection.execute(_MARK_ALL, given)]
    connection.execute(_AWAIT_ALL, given)
    return marked
