"""Single opens for programs: the latest of an account, and all of one id."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from app.core.pagination import Page, keyset
from app.opens.models import COUNTED, Open, UserAgent

LOOKED_AT = 1_000  # opens among which the latest of some classes are looked for: a flood of others costs no more
NEWEST: list[ColumnElement[Any]] = [Open.created_at.desc(), Open.id.desc()]


class Row(NamedTuple):
    """One open with its user agent; `agent` is None only where somebody removed it by hand."""

    open: Open
    agent: str | None

    @property
    def counted(self) -> bool:
        return self.open.is_view and self.open.open_class in COUNTED


def latest(
    session: Session, account_id: UUID, start: datetime | None, end: datetime | None, *, limit: int, automatic: bool
) -> list[Row]:
    """Views of the period among its LOOKED_AT newest opens, newest first (`automatic`: those of machines too)."""
    bounds = [] if start is None else [Open.created_at >= start]
    bounds += [] if end is None else [Open.created_at < end]
    columns = (Open.created_at, Open.id, Open.open_class, Open.is_view)
    newest = select(*columns).where(Open.account_id == account_id, *bounds).order_by(*NEWEST).limit(LOOKED_AT)
    seen = newest.subquery()
    wanted = select(seen.c.created_at, seen.c.id).where(seen.c.is_view)
    if not automatic:
        wanted = wanted.where(seen.c[Open.open_class.key].in_([str(each) for each in COUNTED]))
    keys = session.execute(wanted.order_by(seen.c.created_at.desc(), seen.c.id.desc()).limit(limit)).all()
    found = (
        select(Open, UserAgent.text)
        .outerjoin(UserAgent, UserAgent.id == Open.agent_id)
        .where(Open.account_id == account_id, Open.created_at.in_({at for at, _id in keys}))
        .where(Open.id.in_([id_ for _at, id_ in keys]))
        .order_by(*NEWEST)
    )
    return [Row(*row) for row in session.execute(found)] if keys else []


def of_id(session: Session, account_id: UUID, ref: str, *, after: str | None, page: int, limit: int) -> Page[Any]:
    """All opens of one id, newest first, as Row fields. Raises Malformed for a cursor that is not ours."""
    its = and_(Open.account_id == account_id, Open.ref == ref)
    found = select(Open, UserAgent.text).outerjoin(UserAgent, UserAgent.id == Open.agent_id).where(its)
    return keyset(session, found, NEWEST, after, limit, page=page, counting=select(Open.id).where(its))
