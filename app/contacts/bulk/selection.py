"""Which contacts a change of many is about: picked ones, or all that filters mean; counted, and read part by part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, Select, func, select
from sqlalchemy.orm import Session

from app.contacts import reading
from app.contacts.filters import Filters, from_json
from app.contacts.models import Contact
from app.core.db import TooSlow, time_limited
from app.core.errors import Invalid
from app.core.i18n import number

MAX_LISTED = 10_000  # contacts that a job's params list by number
READ = 5_000  # serials of one read
PART = 100  # contacts of one write transaction, under 20 ms
LOOK_S = 5.0
TOO_SLOW = _l("This takes too long to count: narrow it with more filters.")


@dataclass(frozen=True, slots=True)
class Selection:
    """Contacts picked by `ids`, or without these all that `filters` mean, with a serial of at most `upto`. Ids of
    nobody, and of another account, mean nobody."""

    filters: Filters
    ids: tuple[UUID | None, ...] | None = None
    upto: int | None = None

    def until_now(self, session: Session) -> Selection:
        """Whoever comes later is not meant. By serial, which an index has: to ask a million when they came takes
        seconds."""
        return replace(self, upto=session.scalar(select(func.max(Contact.serial))) or 0)

    @property
    def noted(self) -> dict[str, Any]:
        """For the audit, without what somebody typed into the search: that may be personal."""
        if self.ids is not None:
            return {"picked": len(self.ids)}
        given: dict[str, Any] = self.filters.to_json()
        return given | ({"text": "…"} if "text" in given else {})


def count(session: Session, account_id: UUID, wanted: Selection, country: str) -> int:
    """How many just now, exactly. Raises Invalid when that takes too long, and NotFound for a segment that is not
    there."""
    found = _serials(session, account_id, wanted, country).subquery()
    try:
        with time_limited(session, LOOK_S):
            return session.scalar(select(func.count()).select_from(found)) or 0
    except TooSlow:
        raise Invalid({"filter": [TOO_SLOW]}) from None


def to_params(
    session: Session, account_id: UUID, wanted: Selection, country: str, *, most: int = MAX_LISTED
) -> dict[str, Any]:
    """For a job, without anything personal: filters, or where somebody picked or typed, the contacts by their serials.
    Raises Invalid when what was typed means more than `most`."""
    if wanted.ids is None and not wanted.filters.names_people:
        return {"filter": wanted.filters.to_json(), "upto": wanted.upto}
    found = _serials(session, account_id, wanted, country).order_by(Contact.serial).limit(most + 1)
    try:
        with time_limited(session, LOOK_S):
            serials = session.scalars(found).all()
    except TooSlow:
        raise Invalid({"filter": [TOO_SLOW]}) from None
    if len(serials) > most:
        words = _l("A search may mean at most %(most)s contacts here: narrow it with filters.", most=number(most))
        raise Invalid({"q": [words]})
    return {"serials": list(serials)}


def parts(
    session: Session, account_id: UUID, params: dict[str, Any], after: int = 0, size: int = PART
) -> Iterator[list[int]]:
    """The serials beyond `after`, in order; between two parts no read is open. Raises NotFound when the segment is
    gone."""
    for serials in _reads(session, account_id, params, after):
        for start in range(0, len(serials), size):
            yield serials[start : start + size]


def moment(params: dict[str, Any]) -> datetime:
    """Of a job: when it was asked for, and whom it deleted was deleted."""
    return datetime.fromisoformat(params["at"])


def deleted_at(connection: Connection, account_id: UUID, at: datetime, after: int, most: int) -> list[int]:
    """The next `most` of those who were deleted at that moment, and are not anonymous since."""
    mine = (Contact.account_id == account_id) & (Contact.deleted_at == at) & Contact.anonymised_at.is_(None)
    found = select(Contact.serial).where(mine, Contact.serial > after).order_by(Contact.serial)
    return list(connection.scalars(found.limit(most)))


def _reads(session: Session, account_id: UUID, params: dict[str, Any], after: int) -> Iterator[list[int]]:
    listed = params.get("serials")
    if listed is not None:
        yield [serial for serial in listed if serial > after]
        return
    while True:
        chosen = Selection(from_json(params["filter"]), upto=params.get("upto"))
        found = _serials(session, account_id, chosen).where(Contact.serial > after)
        serials = list(session.scalars(found.order_by(Contact.serial).limit(READ)))
        session.rollback()
        yield serials
        if len(serials) < READ:
            return
        after = serials[-1]


def _serials(session: Session, account_id: UUID, wanted: Selection, country: str = "55") -> Select[int]:
    if wanted.ids is None:
        found = reading.selected(session, account_id, wanted.filters, country)
        serials = found.with_only_columns(Contact.serial, maintain_column_froms=True)
        return serials if wanted.upto is None else serials.where(Contact.serial <= wanted.upto)
    picked = Contact.id.in_([id_ for id_ in wanted.ids if id_ is not None])
    return select(Contact.serial).where(Contact.account_id == account_id, Contact.deleted_at.is_(None), picked)
