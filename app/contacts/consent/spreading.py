"""A no to e-mail is the address's: everybody in the account who has the same one follows, in short transactions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Engine, insert, select, update

from app.contacts.consent.models import ConsentEvent
from app.contacts.consent.states import Consent
from app.contacts.models import Contact
from app.core import clock
from app.core.db import after_commit, begin_write

AT_ONCE = 100
Deny = Callable[[Connection, UUID, int, str], dict[str, Any]]  # id, version, source of a contact -> its log entry


def follow(connection: Connection, account_id: UUID, email: str, deny: Deny) -> None:
    """Once this write transaction has committed, before its caller goes on. Until then, and should it never come to
    that, the list of the suppressed already keeps mail from the address."""
    engine = connection.engine

    def go_on() -> None:
        deny_all(engine, account_id, email, deny)

    after_commit(connection, f"no mail to {account_id} {email}", go_on)


def deny_all(engine: Engine, account_id: UUID, email: str, deny: Deny, at_once: int = AT_ONCE) -> int:
    """How many contacts of the address changed."""
    total = 0
    while _is_there_one(engine, account_id, email):
        with begin_write(engine) as connection:
            total += (done := _deny_some(connection, account_id, email, deny, at_once))
        if done < at_once:
            break
    return total


def _is_there_one(engine: Engine, account_id: UUID, email: str) -> bool:
    with engine.connect() as connection:
        return connection.scalar(select(Contact.serial).where(*_left(account_id, email)).limit(1)) is not None


def _deny_some(connection: Connection, account_id: UUID, email: str, deny: Deny, at_once: int) -> int:
    found = select(Contact.serial, Contact.id, Contact.version, Contact.source).where(*_left(account_id, email))
    rows = connection.execute(found.order_by(Contact.serial).limit(at_once).with_for_update()).all()
    if not rows:
        return 0
    changed = {"email_consent": Consent.DENIED, "updated_at": clock.now(), "version": Contact.version + 1}
    connection.execute(update(Contact).where(Contact.serial.in_([row.serial for row in rows])).values(changed))
    entries = [deny(connection, row.id, row.version + 1, row.source) for row in rows]
    connection.execute(insert(ConsentEvent), entries)
    return len(rows)


def _left(account_id: UUID, email: str) -> tuple[ColumnElement[bool], ...]:
    return (
        Contact.account_id == account_id,
        Contact.email == email,
        Contact.deleted_at.is_(None),
        Contact.email_consent != Consent.DENIED,
    )
