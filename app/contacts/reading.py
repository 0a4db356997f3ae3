"""Reading contacts: a page of the filtered list, and all of them part by part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, select
from sqlalchemy.orm import Session

from app.contacts import grouping, search
from app.contacts.filters import Filters, terms_of
from app.contacts.models import Contact
from app.contacts.search import Wanted
from app.core.pagination import Page

PART = 500


@dataclass(frozen=True, slots=True)
class Row:
    """A contact with what a list shows beside its columns; `tags` (id, name) and `categories` (id, name, color) by
    name."""

    contact: Contact
    tags: Sequence[Any]
    categories: Sequence[Any]


def page_of(
    session: Session,
    account_id: UUID,
    filters: Filters,
    *,
    sort: str | None = None,
    country: str = "55",
    after: str | None = None,
    page: int = 1,
    limit: int = 50,
) -> Page[Row]:
    """A page of the list. Raises Invalid for an unknown order, Malformed for a cursor that is not ours, NotFound for a
    segment that is not there."""
    found = search.page_of(
        session,
        account_id,
        filters.conditions(session, account_id),
        terms_of(sort),
        typed=filters.text or "",
        country=country,
        after=after,
        page=page,
        limit=limit,
        driver=filters.driver(account_id),
    )
    rows = with_groups(session.connection(), found.rows)
    return Page(rows, found.page, found.limit, found.total, found.more, found.next)


def with_groups(connection: Connection, contacts: Sequence[Contact]) -> list[Row]:
    serials = [contact.serial for contact in contacts]
    tags, categories = grouping.tags_of(connection, serials), grouping.categories_of(connection, serials)
    return [Row(one, tags.get(one.serial, ()), categories.get(one.serial, ())) for one in contacts]


def selected(session: Session, account_id: UUID, filters: Filters, country: str = "55") -> Select[Contact]:
    """All the contacts that the list would show, without an order."""
    base = select(Contact).where(
        Contact.account_id == account_id, Contact.deleted_at.is_(None), *filters.conditions(session, account_id)
    )
    wanted = Wanted.of(filters.text or "")
    return search.hits(base, wanted, country, search.driver_of(session, account_id, wanted, filters.driver(account_id)))


def parts(
    session: Session, account_id: UUID, filters: Filters, country: str = "55", *, after: int = 0, size: int = PART
) -> Iterator[list[Contact]]:
    """All of them, oldest first, in short reads that begin after the serial `after`. Whoever takes a part ends the read
    (`session.rollback()`) before writing."""
    found = selected(session, account_id, filters, country)
    driver = search.driver_of(session, account_id, Wanted.of(filters.text or ""), filters.driver(account_id))
    serial = Contact.serial if driver is None else driver.serial
    found = found.order_by(serial).limit(size)
    while True:
        part = list(session.scalars(found.where(serial > after)))
        if not part:
            return
        after = part[-1].serial
        yield part
        if len(part) < size:
            return
