"""Asking for an export: whom it is about, and whether they are few enough to wait for."""

from __future__ import annotations

from typing import IO
from uuid import UUID

from sqlalchemy.orm import Session

from app.contacts.bulk import selection
from app.contacts.bulk.selection import Selection
from app.contacts.exporting import export
from app.contacts.exporting.export import AT_ONCE, Order
from app.contacts.filters import Filters
from app.contacts.service import country_of
from app.core.errors import Invalid
from app.core.masking import masks_people


def order_of(session: Session, account_id: UUID, filters: Filters, suffix: str, zone: str, language: str) -> Order:
    """The filtered set until now: who comes later is not in it. Raises NotFound for a segment that is not there, and
    Invalid where a search means too many for a job."""
    chosen = Selection(filters).until_now(session)
    wanted = selection.to_params(session, account_id, chosen, country_of(account_id))
    return Order(account_id, wanted, suffix, zone, language, masks_people(), chosen.noted)


def size(session: Session, order: Order, filters: Filters) -> int | None:
    """How many contacts; None when that takes too long to find out."""
    if "serials" in order.wanted:
        return len(order.wanted["serials"])
    try:
        return selection.count(session, order.account_id, Selection(filters), country_of(order.account_id))
    except Invalid:
        return None


def is_small(number: int | None) -> bool:
    return number is not None and number <= AT_ONCE


def write_file(session: Session, order: Order, out: IO[bytes]) -> int:
    """Makes the file while somebody waits; how many rows it has."""
    return export.write_table(session, order, out).rows
