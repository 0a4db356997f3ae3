"""Contacts that may be one person: those with the same e-mail address, or with the same name.

A million contacts are walked along an index, in parts, for as long as somebody waits for a page; where the time is up
before the page is full, the next one goes on from there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.contacts.models import Contact
from app.core import clock
from app.core.db import TooSlow, time_limited
from app.core.runtime import runtime
from app.core.vault import VaultError

PART = 20_000  # rows of the index at once
GROUPS = 20  # of a page
MEMBERS = 5  # shown of a group
WALK_S = 0.8  # of a page
PART_S = 2.0  # one part, at the most
PLACE = "contact:duplicates"


class By(StrEnum):
    EMAIL = "email"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Group:
    """`members` are the oldest ones of `total`."""

    total: int
    members: list[Contact]


@dataclass(slots=True)
class Found:
    """`next`: where the following page begins, sealed, since it holds what a person is called; None at the end.
    `is_cut`: the time was up before the page was full."""

    groups: list[Group] = field(default_factory=list)
    next: str | None = None
    is_cut: bool = False


def find(session: Session, account_id: UUID, by: By, after: str | None = None, *, part: int = PART) -> Found:
    """A page of groups. A cursor that is not ours leads to the beginning."""
    key, last, found = _key(by), _opened(account_id, after), Found()
    ends_at, rows = clock.monotonic() + WALK_S, list[Any]()
    while len(rows) <= GROUPS:
        try:
            with time_limited(session, PART_S):
                end = _end_of_part(session, account_id, key, last, part)
                rows += _groups(session, account_id, by, last, end, GROUPS + 1 - len(rows))
        except TooSlow:
            found.is_cut, found.next = True, _sealed(account_id, last)
            break
        if len(rows) > GROUPS:
            found.next = _sealed(account_id, rows[GROUPS - 1].key)
            break
        last = end
        if end is None:
            break
        if clock.monotonic() > ends_at:
            found.is_cut, found.next = True, _sealed(account_id, last)
            break
    found.groups = [_group(session, account_id, by, row) for row in rows[:GROUPS]]
    return found


def _key(by: By) -> InstrumentedAttribute[Any]:
    return Contact.email if by == By.EMAIL else Contact.folded_name


def _mine(account_id: UUID, key: InstrumentedAttribute[Any], last: str | None) -> list[ColumnElement[bool]]:
    begins = [key > last] if last is not None else [key.is_not(None), key != ""]
    return [Contact.account_id == account_id, Contact.deleted_at.is_(None), *begins]


def _end_of_part(session: Session, account_id: UUID, key: Any, last: str | None, part: int) -> str | None:
    """The last key of the part; None where it reaches the end."""
    mine = select(key).where(*_mine(account_id, key, last))
    end: str | None = session.scalar(mine.order_by(key).offset(part - 1).limit(1))
    return end


def _groups(session: Session, account_id: UUID, by: By, last: str | None, end: str | None, most: int) -> Sequence[Any]:
    """Rows of key, company (of names of one word) and total. What is one word alone, many people are called: then the
    company has to be the same as well."""
    key = _key(by)
    within = _mine(account_id, key, last) + ([key <= end] if end is not None else [])
    columns: list[Any] = [key.label("key")]
    if by == By.NAME:
        is_full = key.contains(" ")
        within.append(or_(is_full, Contact.company.is_not(None)))
        columns.append(case((is_full, ""), else_=Contact.company).label("company"))
    grouped = select(*columns, func.count().label("total")).where(*within).group_by(*columns)
    return session.execute(grouped.having(func.count() > 1).order_by(*columns).limit(most)).all()


def _group(session: Session, account_id: UUID, by: By, row: Any) -> Group:
    same: ColumnElement[bool] = _key(by) == row.key
    if by == By.NAME and row.company:
        same = and_(same, Contact.company == row.company)
    mine = select(Contact).where(Contact.account_id == account_id, Contact.deleted_at.is_(None), same)
    return Group(row.total, list(session.scalars(mine.order_by(Contact.serial).limit(MEMBERS))))


def _sealed(account_id: UUID, last: str | None) -> str | None:
    return None if last is None else runtime().vault.seal(PLACE, account_id, last)


def _opened(account_id: UUID, after: str | None) -> str | None:
    try:
        return runtime().vault.open(PLACE, account_id, after) if after and len(after) < 2_048 else None
    except VaultError:
        return None
