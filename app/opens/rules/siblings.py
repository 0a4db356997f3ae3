"""The opens of one id beside each other: which is the first that counts, which the last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select

from app.opens.models import COUNTED, Open


@dataclass(slots=True)
class Sibling:
    """One open as its row says, and as it will."""

    at: datetime
    id: UUID
    ref: str
    image_id: UUID
    open_class: str
    client: str | None
    device: str | None
    hits: int
    is_view: bool
    is_first: bool
    new_class: str = ""
    new_first: bool = False

    def __post_init__(self) -> None:
        self.new_class, self.new_first = self.open_class, self.is_first

    @property
    def was_counted(self) -> bool:
        return self.is_view and self.open_class in COUNTED

    @property
    def is_counted(self) -> bool:
        return self.is_view and self.new_class in COUNTED


@dataclass(slots=True)
class ChangedId:
    """One id: its row, and what changes of its opens in this part."""

    ref: str
    views: int
    automatic: int
    first_at: datetime | None
    last_at: datetime | None
    awaited: bool
    lost: list[Sibling] = field(default_factory=list)  # counted no more
    gained: list[Sibling] = field(default_factory=list)


ROWS = select(
    Open.created_at, Open.id, Open.ref, Open.image_id, Open.open_class, Open.client, Open.device, Open.hits,
    Open.is_view, Open.is_first,
)  # fmt: skip
_IS_COUNTED = Open.open_class.in_(sorted(COUNTED)) & Open.is_view.is_(True)


class Siblings:
    """Asked after the new classes were written. Of the ids named as `few` all viewings are read at once, of any other
    id the one that is asked for. `opens`: those known so far, to which what is read is added."""

    def __init__(
        self, connection: Connection, account_id: UUID, opens: dict[UUID, Sibling], few: Iterable[str]
    ) -> None:
        self._connection = connection
        self._account_id = account_id
        self._opens = opens
        self._read: defaultdict[str, list[Sibling]] = defaultdict(list)
        self._few = set(few)
        if self._few:
            mine = (Open.account_id == account_id) & Open.ref.in_(sorted(self._few)) & Open.is_view.is_(True)
            found = ROWS.where(mine).order_by(Open.ref, Open.created_at, Open.id).with_for_update()
            for row in connection.execute(found):
                self._read[row.ref].append(self._known(row))

    def holder(self, ref: str, since: datetime) -> Sibling | None:
        """The open that is the first of its id until now; none of those that are kept, when it was purged."""
        if ref in self._few:
            return next((one for one in self._read[ref] if one.is_first), None)
        return self._one(ref, Open.is_first.is_(True) & (Open.created_at >= since), Open.created_at)

    def first(self, ref: str, since: datetime) -> Sibling | None:
        """The earliest that counts now."""
        if ref in self._few:
            return next((one for one in self._read[ref] if one.is_counted and one.at >= since), None)
        return self._one(ref, _IS_COUNTED & (Open.created_at >= since), Open.created_at, Open.id)

    def last(self, ref: str, until: datetime) -> Sibling | None:
        """The latest that counts now."""
        if ref in self._few:
            return next((one for one in reversed(self._read[ref]) if one.is_counted and one.at <= until), None)
        return self._one(ref, _IS_COUNTED & (Open.created_at <= until), Open.created_at.desc(), Open.id.desc())

    def _one(self, ref: str, where: ColumnElement[bool], *order: Any) -> Sibling | None:
        mine = (Open.account_id == self._account_id) & (Open.ref == ref)
        row = self._connection.execute(ROWS.where(mine, where).order_by(*order).limit(1).with_for_update()).first()
        return None if row is None else self._known(row)

    def _known(self, row: Any) -> Sibling:
        return self._opens.get(row.id) or self._opens.setdefault(row.id, Sibling(*row))
