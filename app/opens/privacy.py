"""What opens tell of a person: only by the ids of their e-mails, which the account alone can tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, bindparam, func, or_, select, tuple_, update
from sqlalchemy.orm import Session

from app.core.privacy import MOST_COUNTED, Begin, Counts, Held, Holder, How, Row, Subject
from app.opens.models import Open, UserAgent
from app.opens.recording.strangers import OTHER
from app.opens.rules.agents import agent_id

PART = 200
NOBODY = agent_id(OTHER)  # whose verdict stays when opens are judged again
SHOWN = (
    Open.ref, Open.created_at, Open.file, Open.address, Open.referer, Open.open_class, Open.client, Open.device,
    Open.hits, UserAgent.text.label("user_agent"),
)  # fmt: skip


class OpenHolder(Holder):
    key = "opens"
    title = _l("Opens of e-mails")

    def find(self, session: Session, account_id: UUID, subject: Subject) -> list[Held]:
        if not subject.refs:
            return []
        some = select(Open.id).where(*_mine(account_id, subject)).limit(MOST_COUNTED).subquery()
        counted = session.scalar(select(func.count()).select_from(some)) or 0
        fate = _l("Stay and are counted, without network address, page and browser.")
        return [Held("email_open", _l("Opens with the given ids"), counted, fate)]

    def export(self, session: Session, account_id: UUID, subject: Subject) -> Iterator[Row]:
        key = (Open.created_at, Open.id)
        found = (
            select(*SHOWN, Open.id)
            .outerjoin(UserAgent, UserAgent.id == Open.agent_id)
            .where(*_mine(account_id, subject))
            .order_by(*key)
            .limit(PART)
        )
        step = found
        while subject.refs and (rows := session.execute(step).all()):
            for row in rows:
                yield "email_open", dict(row._mapping)
            step = found.where(tuple_(*key) > (rows[-1].created_at, rows[-1].id))

    def erase(self, begin: Begin, account_id: UUID, subject: Subject, how: How) -> Counts:
        """The rows stay: the figures are their sum, and an open without its address and browser is nobody's."""
        changed = 0
        while subject.refs:
            with begin() as connection:
                done = _blank_some(connection, account_id, subject)
            changed += done
            if done < PART:
                break
        return {"email_open": changed} if changed else {}


def _blank_some(connection: Connection, account_id: UUID, subject: Subject) -> int:
    telling = or_(Open.address.is_not(None), Open.referer.is_not(None), Open.agent_id != NOBODY)
    found = select(Open.created_at, Open.id).where(*_mine(account_id, subject), telling).limit(PART)
    keys = [tuple(row) for row in connection.execute(found)]
    if keys:  # one by one: SQLite scans the table for a list of row values
        connection.execute(_BLANK, [{"of": account_id, "at": at, "which": id_} for at, id_ in keys])
    return len(keys)


_BLANK = (
    update(Open)
    .where(Open.account_id == bindparam("of"), Open.created_at == bindparam("at"), Open.id == bindparam("which"))
    .values(address=None, referer=None, agent_id=NOBODY)
)


def _mine(account_id: UUID, subject: Subject) -> tuple[Any, ...]:
    return Open.account_id == account_id, Open.ref.in_(subject.refs)
