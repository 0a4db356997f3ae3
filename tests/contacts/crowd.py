"""Many contacts at once, for tests of what is done part by part."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from app.contacts import grouping
from app.contacts.grouping import Link
from app.contacts.models import Contact
from app.core import clock
from app.core.db import write
from app.core.ids import uuid7


def crowd(account_id: UUID, number: int, **values: Any) -> list[int]:
    """Contacts without a name; their serials."""
    now = clock.now()
    fixed = {
        "account_id": account_id, "source": "demo", "custom": {}, "created_at": now, "updated_at": now, **values,
    }  # fmt: skip
    with write() as session:
        before = set(session.scalars(select(Contact.serial)))
        session.execute(insert(Contact), [{"id": uuid7(), **fixed} for _ in range(number)])
        return sorted(set(session.scalars(select(Contact.serial))) - before)


def put(link: Link, group_id: UUID, serials: list[int]) -> None:
    with write() as session:
        grouping.add(session.connection(), link, [group_id], serials)
