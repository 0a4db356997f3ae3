"""The columns of a file as somebody looks at them: name, first values, what they may mean, what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contacts.importing.judge import SHORTENED
from app.contacts.importing.models import ContactImport
from app.contacts.importing.plan import Target

LONGEST = 60  # characters of a value
SHOWN = 5  # values of a column
LOOKED_AT = 20  # rows
MEANS_SEVERAL = frozenset({str(Target.TAGS)})  # what several columns may mean


@dataclass(frozen=True, slots=True)
class Column:
    """`is_shortened`: among the values are numbers that Excel cut short (5,51E+12), whose last digits are lost."""

    place: int
    name: str
    values: tuple[str, ...]
    is_shortened: bool


class Offer(NamedTuple):
    """Place → meaning, for a start; `is_remembered`: somebody chose it for a file of the same header."""

    mapping: dict[int, str]
    is_remembered: bool


def columns_of(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Column]:
    """With the values of the first rows, the empty ones left out."""
    found = []
    for place, name in enumerate(names):
        values = list(dict.fromkeys(row[place].strip() for row in rows if place < len(row) and row[place].strip()))
        shown = tuple(value if len(value) <= LONGEST else f"{value[:LONGEST]}…" for value in values[:SHOWN])
        found.append(Column(place, name, shown, any(SHORTENED.fullmatch(value) for value in values)))
    return found


def offered(session: Session, wanted: ContactImport, guessed: Mapping[int, str], targets: Collection[str]) -> Offer:
    """What was chosen for this very file, or last for one of the same header, or what its names look like."""
    mapping = wanted.mapping or _remembered(session, wanted.account_id, wanted.columns_hash, wanted.id)
    chosen = {int(place): target for place, target in (mapping or {}).items() if target in targets}
    if chosen:
        return Offer(chosen, wanted.mapping is None)
    return Offer({place: target for place, target in guessed.items() if target in targets}, False)


def _remembered(session: Session, account_id: UUID, columns_hash: str, besides: UUID) -> dict[str, str] | None:
    same = (ContactImport.account_id == account_id) & (ContactImport.columns_hash == columns_hash)
    found = select(ContactImport.mapping).where(same, ContactImport.id != besides, ContactImport.mapping.is_not(None))
    return session.scalar(found.order_by(ContactImport.id.desc()).limit(1))
