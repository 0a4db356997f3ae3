"""Search for people who see phones and e-mail addresses masked: by what they may read, so that nobody finds out a
number or an address letter by letter."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, func, or_, true

from app.contacts.models import Contact
from app.contacts.search import Wanted


def by_name(typed: str) -> ColumnElement[bool]:
    """Every word is in the name or the company. A condition beside that of `search.page_of`, which looks in all."""
    wanted = Wanted.of(typed)
    if wanted is None:
        return true()
    if wanted.start:
        return func.substr(Contact.folded_name, 1, len(wanted.start)) == wanted.start
    as_typed = typed.split()
    return and_(*(_names(word, as_typed) for word in wanted.words))


def _names(word: str, as_typed: list[str]) -> ColumnElement[bool]:
    """A company is kept as it was written, so that its accents have to be typed."""
    spellings = {word, *(other for other in as_typed if Wanted.of(other) == Wanted(words=(word,)))}
    return or_(
        Contact.folded_name.contains(word, autoescape=True),
        *(Contact.company.icontains(spelling, autoescape=True) for spelling in sorted(spellings)),
    )
