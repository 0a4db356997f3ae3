"""Fragments of text by the index that search uses: what a condition is narrowed to before it is looked at exactly."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, String, column, func, select, table, union_all
from sqlalchemy.orm import Session

from app.contacts.models import Contact
from app.contacts.search import PART, Wanted

FEW = 2_000  # rows: what fits more is met soon without an index, while SQLite would list them all first

_index = table("contact_search", column("rowid", Integer), column("contact_search", String))
_waiting = select(table("contact_unindexed", column("serial", Integer)).c.serial)  # for `search.tend`


@dataclass(frozen=True, slots=True)
class Fragments:
    """Of one account. Name, e-mail, phone and company stand within what the index knows of a contact, long custom
    texts may not."""

    session: Session
    account_id: UUID

    def narrowed(self, folded: str) -> ColumnElement[bool] | None:
        """Who has the folded fragment anywhere; None where asking the index does not pay."""
        if len(folded) < PART:
            return None
        if self.session.get_bind().dialect.name != "sqlite":
            return Contact.searchable.contains(folded, autoescape=True)
        query = Wanted(words=(folded,)).query(self.account_id)
        found = select(_index.c.rowid).where(_index.c.contact_search.op("MATCH")(query))
        few = select(func.count()).select_from(found.limit(FEW + 1).subquery())
        if (self.session.scalar(few) or 0) > FEW:
            return None
        return Contact.serial.in_(union_all(found, _waiting))
