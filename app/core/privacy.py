"""What is held about a person: each feature registers a holder, and the privacy desk asks them all (LGPD, art. 18)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

MOST_COUNTED = 10_000  # rows of a table that a page counts
Counts = dict[str, int]  # table -> rows
Row = tuple[str, Mapping[str, Any]]  # table, column -> value; values are JSON's, times, decimals and ids
Begin = Callable[[], AbstractContextManager[Connection]]  # one short write transaction (< 20 ms), that commits


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks. `phones` are E.164, `emails` lower-cased, `refs` ids that only the account can tell to be the person's
    (`id_fatura`)."""

    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    contact_ids: tuple[UUID, ...] = ()
    refs: tuple[str, ...] = ()


class How(StrEnum):
    ANONYMISE = "anonymise"  # what is left names nobody
    DELETE = "delete"  # as much as can go goes; what figures rest on names nobody


@dataclass(frozen=True, slots=True)
class Held:
    """Rows of one table. `count` stops at MOST_COUNTED; `words` (lazy) says what they are, `fate` what erasing does.
    Not `is_sure`: they may be about the person, which is found out when erasing."""

    table: str
    words: Any
    count: int
    fate: Any = ""
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class Recipient:
    """An outside system that received something about the person (LGPD, art. 18 VII)."""

    name: str
    kind: str
    sent: int
    last_at: datetime | None


class Holder(ABC):
    """What one feature holds. Everything is of one account, and reads end before the next write begins."""

    key: ClassVar[str]
    title: ClassVar[Any]  # a lazy string

    @abstractmethod
    def find(self, session: Session, account_id: UUID, subject: Subject) -> list[Held]:
        """How much there is, table by table; tables without a row may be left out."""

    @abstractmethod
    def export(self, session: Session, account_id: UUID, subject: Subject) -> Iterator[Row]:
        """All of it, readable for the person, without secrets and without what is somebody else's."""

    @abstractmethod
    def erase(self, begin: Begin, account_id: UUID, subject: Subject, how: How) -> Counts:
        """Rows changed or gone by table, in parts that each commit by themselves. May be done again at any time: what
        is done already counts no more."""

    def shared(self, session: Session, account_id: UUID, subject: Subject) -> list[Recipient]:
        """Who outside received something about the person."""
        return []


_holders: dict[str, Holder] = {}


def register(holder: Holder) -> None:
    """Told at start-up, in the order of pages; registering a key again replaces it."""
    _holders[holder.key] = holder


def holders() -> list[Holder]:
    return list(_holders.values())
