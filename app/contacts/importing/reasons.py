"""Why a row of a file was not taken."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

from flask_babel import lazy_gettext as _l


class Reason(StrEnum):
    """At most 24 characters: ImportProblem.reason."""

    UNREADABLE = "unreadable"  # the record
    ENCODING = "encoding"
    TOO_MANY_CELLS = "too_many_cells"
    CELL_TOO_LONG = "cell_too_long"
    PHONE = "phone"
    PHONE_SHORTENED = "phone_shortened"
    EMAIL = "email"
    NAME = "name"
    COMPANY = "company"
    LOCALE = "locale"
    TAGS = "tags"
    CATEGORY = "category"
    TOO_MANY_GROUPS = "too_many_groups"
    DO_NOT_CONTACT = "do_not_contact"
    CUSTOM = "custom"
    NOBODY = "nobody"
    REPEATED = "repeated"
    ERASED = "erased"
    SEVERAL = "several"
    # Left out on purpose:
    THERE = "there"
    NOTHING_NEW = "nothing_new"


SKIPS = frozenset({Reason.THERE, Reason.NOTHING_NEW})
WORDS: dict[str, Any] = {
    Reason.UNREADABLE: _l("The line cannot be read: a quote is missing, or it is far too long."),
    Reason.ENCODING: _l("Letters that cannot be read. Save the file as CSV (UTF-8)."),
    Reason.TOO_MANY_CELLS: _l("More cells than the header has: a text with the separator in it needs quotes."),
    Reason.CELL_TOO_LONG: _l("A cell of more than 10,000 characters."),
    Reason.PHONE: _l("Not a phone number. Example: (11) 98765-4321."),
    Reason.PHONE_SHORTENED: _l(
        "Excel shortened this number (5.51E+12), its last digits are lost. Format the column as text and save again."
    ),
    Reason.EMAIL: _l("Not an e-mail address. Example: ana@example.com."),
    Reason.NAME: _l("Not a name: more than 200 characters, or characters that cannot be shown."),
    Reason.COMPANY: _l("Not a company: more than 200 characters, or characters that cannot be shown."),
    Reason.LOCALE: _l("Not one of the languages pt_BR and en."),
    Reason.TAGS: _l("At most 50 tags of 60 characters each."),
    Reason.CATEGORY: _l("Not the name of a category: at most 80 characters."),
    Reason.TOO_MANY_GROUPS: _l("Too many different tags or categories in one file. Is this the right column?"),
    Reason.DO_NOT_CONTACT: _l("Neither yes nor no."),
    Reason.CUSTOM: _l("Not a value of this field."),
    Reason.NOBODY: _l("Neither a phone number nor an e-mail address."),
    Reason.REPEATED: _l("Repeats an earlier row of this file."),
    Reason.ERASED: _l(
        "This person asked to be forgotten, and is not taken in again unless they ask for it themselves."
    ),
    Reason.SEVERAL: _l("Several contacts have this e-mail address: give the phone number too."),
    Reason.THERE: _l("There already."),
    Reason.NOTHING_NEW: _l("There already, and nothing new."),
}


class Problem(NamedTuple):
    """A row that was not taken. `column`: the place in the file (from 0) that is to blame, where one is."""

    row: int
    reason: Reason
    column: int | None = None

    @property
    def is_skip(self) -> bool:
        """Left out on purpose, not wrong."""
        return self.reason in SKIPS
