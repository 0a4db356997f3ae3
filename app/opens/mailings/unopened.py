"""Ids that were sent a while ago and not opened since, and those that only machines loaded."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, func, select
from sqlalchemy.orm import Session

from app.core.pagination import MAX_COUNT, Page, keyset
from app.opens.mailings import figures
from app.opens.mailings.models import MailedId, Mailing
from app.opens.models import OpenedId

DEFAULT_DAYS = 3
MAX_DAYS = 365


class Kind(StrEnum):
    WAITING = "waiting"  # listed, sent, not opened since
    MACHINES = "machines"  # loaded by prefetches and bots alone


class Waiting(NamedTuple):
    ref: str
    sent_at: datetime
    mailing_id: UUID
    mailing: str


class Machines(NamedTuple):
    ref: str
    loads: int  # viewings
    last_at: datetime


class State(StrEnum):
    """Of the ids of one mailing."""

    OPENED = "opened"
    WAITING = "waiting"


_NEWEST_SENT: list[ColumnElement[Any]] = [MailedId.sent_at.desc(), MailedId.ref.desc(), MailedId.mailing_id.desc()]
_NEWEST_HIT: list[ColumnElement[Any]] = [OpenedId.last_hit_at.desc(), OpenedId.ref.desc()]


def unopened_count(connection: Connection, account_id: UUID, days: int, now: datetime, limit: int = MAX_COUNT) -> int:
    """How many listed ids were sent over `days` days ago and not opened since; `limit` means as many or more."""
    some = _waiting(account_id, days, now).with_only_columns(MailedId.ref).limit(limit).subquery()
    return int(connection.scalar(select(func.count()).select_from(some)) or 0)


def waiting(
    session: Session, account_id: UUID, days: int, now: datetime, *, after: str | None, page: int = 1, limit: int
) -> Page[Any]:
    """Waiting ids, those sent last first."""
    found = _waiting(account_id, days, now).join(Mailing, Mailing.id == MailedId.mailing_id)
    columns = found.with_only_columns(MailedId.ref, MailedId.sent_at, MailedId.mailing_id, Mailing.name)
    return keyset(session, columns, _NEWEST_SENT, after, limit, page=page)


def machines(
    session: Session, account_id: UUID, days: int, now: datetime, *, after: str | None, page: int = 1, limit: int
) -> Page[Any]:
    """Ids that no person opened, and that no machine loaded in the last `days` days either, latest first."""
    found = select(OpenedId.ref, OpenedId.automatic, OpenedId.last_hit_at).where(
        OpenedId.account_id == account_id, OpenedId.first_at.is_(None), OpenedId.last_hit_at < now - timedelta(days)
    )
    return keyset(session, found, _NEWEST_HIT, after, limit, page=page)


def of_mailing(
    session: Session, mailing: Mailing, state: State | None, *, after: str | None, page: int = 1, limit: int
) -> Page[Any]:
    """The listed ids of a mailing, in their own order: (ref, sent_at, opened_at). How many there are is known from its
    counters: with few of one state in a long list, counting would read it all."""
    found = select(MailedId.ref, MailedId.sent_at, MailedId.opened_at).where(MailedId.mailing_id == mailing.id)
    total, opened = mailing.listed, sum(figures.delays(session.connection(), mailing))
    if state is not None:
        is_waiting = MailedId.opened_at.is_(None)
        found = found.where(is_waiting if state == State.WAITING else ~is_waiting)
        total = max(0, total - opened) if state == State.WAITING else opened
    shown = keyset(session, found, [MailedId.ref.asc()], after, limit, page=page, max_count=0)
    return replace(shown, total=min(total, MAX_COUNT), more=total > MAX_COUNT)


def _waiting(account_id: UUID, days: int, now: datetime) -> Select[Any]:
    return select(MailedId.ref).where(
        MailedId.account_id == account_id, MailedId.opened_at.is_(None), MailedId.sent_at < now - timedelta(days)
    )
