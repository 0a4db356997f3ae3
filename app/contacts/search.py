"""Finding contacts by what people type: parts of names, addresses, numbers and fields of their own.

A contact keeps one text of all that (`searchable`), without accents and case. An index of its three-letter parts
answers for fragments: FTS5 on SQLite, pg_trgm on PostgreSQL. Fragments that are shorter match the beginnings of names
and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, FromClause, Integer, Join, Select, String, column, func, or_, select
from sqlalchemy import table as table_of
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session

from app.contacts.identity import other_form
from app.contacts.models import Contact
from app.core import cursor
from app.core.folding import fold
from app.core.pagination import MAX_COUNT, Column, Page, keyset

MAX_TEXT = 100  # characters of a search
MAX_WORDS = 6
MAX_SEARCHABLE = 2_000
PART = 3  # letters of what the index knows
NUMBER = re.compile(r"[\d\s()+.\-/]*")  # only what numbers are written with
PRIVATE_USE = 0xE000  # 6,400 characters that no text of people has
MERGED_PAGES = 32  # in a transaction

_index = table_of("contact_search", column("rowid", Integer), column("contact_search", String))


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


class IndexFirst(Join):
    """A join that SQLite reads from the left to the right. It knows nothing of how many rows an index of text gives,
    and would rather walk a million contacts and ask the index about each."""

    inherit_cache = True


@compiles(IndexFirst)
def _as_sql(join: IndexFirst, compiler: Any, **options: Any) -> str:
    options |= {"asfrom": True, "from_linter": None}
    left, right = compiler.process(join.left, **options), compiler.process(join.right, **options)
    word = "CROSS JOIN" if compiler.dialect.name == "sqlite" else "JOIN"
    return f"{left} {word} {right} ON {compiler.process(join.onclause)}"


@dataclass(frozen=True, slots=True)
class Driver:
    """An index that has the serials of some contacts in their order: `condition` picks them out of `source`."""

    source: FromClause
    serial: Column
    condition: ColumnElement[bool]

    def before(self, base: Select[Contact]) -> Select[Contact]:
        """`base` along this index."""
        joined = IndexFirst(self.source, Contact.__table__, self.serial == Contact.serial)
        return base.select_from(joined).where(self.condition)


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
    driver: Driver | None = None,
) -> Page[Contact]:
    """A page of the contacts that meet `conditions` and what was typed, ordered by `terms` (see `keyset`). `driver`
    says again what one of the conditions says, for a walk along its index.

    Along an index that has the serials in order, a page in the order of creation is met at once. In any other order,
    what fits few rows is taken from such an index and sorted, and what fits many is met soon on the way along the index
    of the order. Which of the two it is, counting tells, and that is needed anyway."""
    base = select(Contact).where(Contact.account_id == account_id, Contact.deleted_at.is_(None), *conditions)
    wanted = Wanted.of(typed)
    driver = driver_of(session, account_id, wanted, driver)
    if wanted is None and driver is None:
        return keyset(session, base, terms, after, limit, page=page)
    few = hits(base, wanted, country, driver)
    total, more = count(session, few)
    if driver is not None and is_by_creation(terms):
        found, terms = few, [driver.serial.desc() if cursor.is_descending(terms[0]) else driver.serial.asc()]
    elif more:
        found = base if wanted is None else base.where(wanted.condition(country, by_index=False))
    else:
        serials = few.with_only_columns(Contact.serial, maintain_column_froms=True).cte("hits")
        once = serials.prefix_with("MATERIALIZED", dialect="postgresql")
        found = select(Contact).join_from(once, Contact, once.c.serial == Contact.serial)
    shown = keyset(session, found, terms, after, limit, page=page, max_count=0)
    return Page(shown.rows, shown.page, shown.limit, total, more, shown.next)


def is_by_creation(terms: Sequence[ColumnElement[Any]]) -> bool:
    return getattr(cursor.bare(terms[0]), "key", None) == "serial"


def is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def fragments(account_id: UUID, wanted: Wanted) -> Driver:
    """SQLite's index of the text."""
    return Driver(_index, _index.c.rowid, _index.c.contact_search.op("MATCH")(wanted.query(account_id)))


def driver_of(session: Session, account_id: UUID, wanted: Wanted | None, other: Driver | None) -> Driver | None:
    """The index to go along on SQLite, for which PostgreSQL keeps figures of its own: that of the text before any
    other."""
    if not is_sqlite(session):
        return None
    return fragments(account_id, wanted) if wanted is not None and wanted.words else other


def hits(base: Select[Contact], wanted: Wanted | None, country: str, driver: Driver | None) -> Select[Contact]:
    """`base` narrowed to what was typed, by an index."""
    found = base if wanted is None else base.where(wanted.condition(country, by_index=True))
    return found if driver is None else driver.before(found)


def count(session: Session, found: Select[Contact], limit: int = MAX_COUNT) -> tuple[int, bool]:
    """How many rows, and whether that is only where the counting stopped."""
    some = found.with_only_columns(Contact.serial, maintain_column_froms=True).limit(limit + 1).subquery()
    total = session.scalar(select(func.count()).select_from(some)) or 0
    return (limit, True) if total > limit else (total, False)


def tend(connection: Connection, pages: int = MERGED_PAGES) -> None:
    """Brings SQLite's index up to date with what the caller's write transaction did, and merges a little of it: to be
    called once, at its end. What nobody tended is found after the next one. (The triggers of the migration note the
    rows; see there why they do no more.)"""
    if connection.dialect.name == "sqlite":
        for statement in _TENDING:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"INSERT INTO contact_search(contact_search, rank) VALUES('merge', {int(pages)})")


_TENDING = (
    "INSERT INTO contact_search(contact_search, rowid, searchable) "
    "SELECT 'delete', serial, was FROM contact_unindexed WHERE was IS NOT NULL",
    "INSERT INTO contact_search(rowid, searchable) "
    "SELECT contact.serial, contact.searchable FROM contact_unindexed JOIN contact USING (serial)",
    "DELETE FROM contact_unindexed",
)
