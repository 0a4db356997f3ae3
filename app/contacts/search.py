"""Finding contacts by what people type: parts of names, addresses, numbers and fields of their own.

A contact keeps one text of all that (`searchable`), without accents and case. An index of its three-letter parts
answers for fragments: FTS5 on SQLite, pg_trgm on PostgreSQL. Fragments that are shorter match the beginnings of names
and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Integer, Select, String, column, func, or_, select, table, text
from sqlalchemy.orm import Session

from app.contacts.identity import other_form
from app.contacts.models import Contact
from app.core.folding import fold
from app.core.pagination import MAX_COUNT, Column, Page, keyset

MAX_TEXT = 100  # characters of a search
MAX_WORDS = 6
MAX_SEARCHABLE = 2_000
PART = 3  # letters of what the index knows
NUMBER = re.compile(r"[\d\s()+.\-/]*")  # only what numbers are written with
PRIVATE_USE = 0xE000  # 6,400 characters that no text of people has
MERGED_PAGES = 16  # with every write of one contact

_index = table("contact_search", column("rowid", Integer), column("contact_search", String))


def searchable_text(
    account_id: UUID, name: str, email: str | None, phone: str | None, company: str | None, custom: Iterable[Any] = ()
) -> str:
    """What search looks in. `phone` is E.164: a Brazilian mobile is found with and without its ninth digit. The first
    three characters stand for the account, so that the one index of all accounts answers for one of them."""
    digits = (phone or "").removeprefix("+")
    own = [value for value in custom if isinstance(value, str)]
    parts = [name, email, digits, other_form(digits), company, *own]
    return f"{marker(account_id)}\n{fold(chr(10).join(part for part in parts if part))}"[:MAX_SEARCHABLE]


def marker(account_id: UUID) -> str:
    """Three characters for an account: 36 of its bits. A second one with the same costs time and shows nothing, for
    every query names the account as well."""
    bits = account_id.int
    return "".join(chr(PRIVATE_USE + (bits >> shift & 0xFFF)) for shift in (24, 12, 0))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody typed: `words` all have to be there; `start`, of a short text, is how a name or number begins."""

    words: tuple[str, ...] = ()
    start: str = ""

    @classmethod
    def of(cls, typed: str) -> Wanted | None:
        """None for nothing."""
        cleaned = " ".join(fold(typed.replace("\0", "")[:MAX_TEXT]).split())
        if not cleaned:
            return None
        if NUMBER.fullmatch(cleaned):
            cleaned = re.sub(r"\D", "", cleaned).lstrip("0") or cleaned
        words = tuple(dict.fromkeys(cleaned.split()))[:MAX_WORDS]
        return cls(words=words) if any(len(word) >= PART for word in words) else cls(start=cleaned)

    def condition(self, country: str, *, by_index: bool) -> ColumnElement[bool]:
        """Over contacts. Not `by_index`: so that no index of the text is used, for a walk along another one."""
        if not self.start:
            return _all_of(self.words, by_index=by_index)
        begins: list[tuple[Column, str]] = [(Contact.folded_name, self.start)]
        if self.start.isdigit():
            begins += [(Contact.phone_key, country + self.start), (Contact.phone_key, self.start)]
        return or_(*(_range(one, start) if by_index else _head(one, start) for one, start in begins))

    def query(self, account_id: UUID) -> str:
        """For FTS5: the parts of the words, and the account's."""
        parts = {word[at : at + PART] for word in self.words for at in range(len(word) - PART + 1)}
        quoted = (part.replace('"', '""') for part in (marker(account_id), *sorted(parts)))
        return " AND ".join(f'"{part}"' for part in quoted)


def _all_of(words: Iterable[str], *, by_index: bool) -> ColumnElement[bool]:
    found: ColumnElement[bool] = Contact.searchable.contains(next(iter(words)), autoescape=True)
    for word in list(words)[1:]:
        found &= Contact.searchable.contains(word, autoescape=True)
    return found


def _range(one: Column, start: str) -> ColumnElement[bool]:
    return (one >= start) & (one < start + "\U0010ffff")


def _head(one: Column, start: str) -> ColumnElement[bool]:
    return func.substr(one, 1, len(start)) == start


def page_of(
    session: Session,
    account_id: UUID,
    conditions: Iterable[ColumnElement[bool]],
    terms: list[ColumnElement[Any]],
    *,
    typed: str = "",
    country: str = "55",
    after: str | None = None,
    page: int = 1,
    limit: int = 50,
) -> Page[Contact]:
    """A page of the contacts that meet `conditions` and what was typed, ordered by `terms` (see `keyset`).

    What fits few rows is taken from the index of the text and sorted; what fits many is met soon on the way along the
    index of the order. Which of the two it is, counting tells, and it is needed anyway."""
    base = select(Contact).where(Contact.account_id == account_id, Contact.deleted_at.is_(None), *conditions)
    wanted = Wanted.of(typed)
    if wanted is None:
        return keyset(session, base, terms, after, limit, page=page)
    few = hits(session, base, account_id, wanted, country)
    total, more = count(session, few)
    if more:
        found = base.where(wanted.condition(country, by_index=False))
    else:
        found = base.where(Contact.serial.in_(few.with_only_columns(Contact.serial)))
    shown = keyset(session, found, terms, after, limit, page=page, max_count=0)
    return Page(shown.rows, shown.page, shown.limit, total, more, shown.next)


def hits(session: Session, base: Select[Contact], account_id: UUID, wanted: Wanted, country: str) -> Select[Contact]:
    """`base` narrowed to what was typed, by the index of the text."""
    if wanted.start:
        return base.where(wanted.condition(country, by_index=True))
    if session.get_bind().dialect.name == "sqlite":
        base = base.join_from(_index, Contact, _index.c.rowid == Contact.serial).where(
            _index.c.contact_search.op("MATCH")(wanted.query(account_id))
        )
    return base.where(wanted.condition(country, by_index=True))


def count(session: Session, found: Select[Contact], limit: int = MAX_COUNT) -> tuple[int, bool]:
    """How many rows, and whether that is only where the counting stopped."""
    some = found.with_only_columns(Contact.serial, maintain_column_froms=True).limit(limit + 1).subquery()
    total = session.scalar(select(func.count()).select_from(some)) or 0
    return (limit, True) if total > limit else (total, False)


def tend(connection: Connection, pages: int = MERGED_PAGES) -> None:
    """Merges a little of SQLite's index, in the caller's write transaction: left to itself it would do so seldom, and
    then hold the only writer for a third of a second."""
    if connection.dialect.name == "sqlite":
        merge = text("INSERT INTO contact_search(contact_search, rank) VALUES('merge', :pages)")
        connection.execute(merge, {"pages": pages})
