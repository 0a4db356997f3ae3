"""What pages and API show of a request: everything held, feature by feature, and who received something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.contacts.privacy import people
from app.core import privacy
from app.core.privacy import Held, Recipient, Subject


@dataclass(frozen=True, slots=True)
class Holding:
    """Of one feature."""

    key: str
    title: Any
    held: list[Held]

    @property
    def count(self) -> int:
        """Of what is surely about the person."""
        return sum(one.count for one in self.held if one.is_sure)


@dataclass(frozen=True, slots=True)
class Everything:
    subject: Subject  # with all that the person's contacts are known by
    contacts: list[Row[Any]]
    holdings: list[Holding]
    recipients: list[Recipient]

    @property
    def count(self) -> int:
        return sum(holding.count for holding in self.holdings)


def everything(session: Session, account_id: UUID, asked: Subject) -> Everything:
    subject = people.widened(session, account_id, asked)
    holdings, recipients = [], []
    for holder in privacy.holders():
        found = [one for one in holder.find(session, account_id, subject) if one.count]
        holdings.append(Holding(holder.key, holder.title, found))
        recipients += holder.shared(session, account_id, subject)
    contacts = [*people.contacts_of(session, account_id, subject)]
    return Everything(subject, contacts, holdings, recipients)
