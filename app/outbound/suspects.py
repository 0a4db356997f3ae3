"""Rows that may be what kills the workers: taken one at a time, apart from all others, and given up after some deaths.

A lease that ended without a result, after several claims, makes a row suspect. The mark is in its lease's token, which
only claims read: no column, no other process and no restart has to know of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, bindparam, case, func, literal, update

from app.outbound.kinds import Leased
from app.outbound.models import Delivery, Status

CLAIMS = 3  # without a result at the end: by then a death or two may have been somebody else's
MARKS = ("s1", "s2", "s3", "s4")  # before the token, which is hexadecimal; the last one is not sent any more
APART = timedelta(seconds=0.25)  # what a call takes mostly, so that one is back before the next one goes


def token_of_claim() -> ColumnElement[str]:
    """The value of `lease_token` for a claim with the parameter `token`, by how the row was left."""
    token = bindparam("token", type_=String())
    before = func.substr(Delivery.lease_token, 1, 2)
    again = [(before == mark, literal(later, String())) for mark, later in pairwise(MARKS)]
    mark = case(*again, else_=literal(MARKS[0], String()))
    is_suspect = (Delivery.status == Status.LEASED) & (Delivery.attempts >= CLAIMS)
    return case((is_suspect, mark.concat(token)), else_=token)


def is_suspect(row: Leased) -> bool:
    return row.token[:1] == "s"


def has_killed_enough(row: Leased) -> bool:
    """Whether worker after worker died with it in hand, and next to nothing else."""
    return row.token.startswith(MARKS[-1])


def one_at_a_time(connection: Connection, rows: Sequence[Leased], now: datetime) -> list[Leased]:
    """Of a claim, everything but the suspects, and one of those: that with the fewest claims, so that what is innocent
    gets away before the guilty one comes again. The others are put back, due one after the other."""
    suspects = sorted((row for row in rows if is_suspect(row)), key=lambda row: row.attempts)
    if len(suspects) < 2:
        return list(rows)
    later: list[dict[str, Any]] = [
        {"our_account": row.account_id, "our_id": row.id, "our_token": row.token, "due": now + APART * number}
        for number, row in enumerate(suspects[1:], 1)
    ]
    connection.execute(_PUT_BACK, later)
    return [row for row in rows if not is_suspect(row) or row is suspects[0]]


_PUT_BACK = (  # still leased, by nobody: so the next claim knows it for a suspect, without a further mark
    update(Delivery)
    .where(
        Delivery.account_id == bindparam("our_account"),
        Delivery.id == bindparam("our_id"),
        Delivery.lease_token == bindparam("our_token"),
    )
    .values(next_at=bindparam("due"), lease_token=None, attempts=Delivery.attempts - 1)
)
