"""The rows of a webhook's own headers: names are shown, values are only ever written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import FieldList, FormField, StringField
from wtforms import Form as PlainForm

from app.accounts.forms import trimmed
from app.webhooks.header_rules import MAX_HEADERS

MAX_DIGITS = 3  # of a row's number: a form may name any


class HeaderRow(PlainForm):  # type: ignore[misc]
    name = StringField(_l("Name"), filters=[trimmed])
    value = StringField(_l("Value"), filters=[trimmed])


class HeaderRows(FieldList):  # type: ignore[misc]
    """Works without JavaScript: a further row is a form sent back with one more. A row without a name is none; one
    whose name is stored and whose value is empty keeps the stored value."""

    stored: Mapping[str, str] = {}  # name -> how its value is shown

    def __init__(self, label: Any, **kwargs: Any) -> None:
        super().__init__(FormField(HeaderRow), label, max_entries=MAX_HEADERS, **kwargs)

    def _extract_indices(self, prefix: str, formdata: Iterable[str]) -> Iterator[int]:
        """The numbers of the rows that were posted; WTForms would trip over `²` and over a million digits."""
        start = f"{prefix}-"
        for key in formdata:
            number = key[len(start) :].partition("-")[0] if key.startswith(start) else ""
            if number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS:
                yield int(number)

    def show(self) -> None:
        """The stored names, and an empty row."""
        while self.entries:
            self.pop_entry()
        for name in self.stored:
            self.append_entry({"name": name})
        self.add()

    def add(self) -> None:
        """An empty row at the end, unless there are as many as a webhook takes."""
        if len(self.entries) < MAX_HEADERS:
            self.append_entry()

    def kept(self, name: str) -> str | None:
        """How the value is shown that stays when none is typed; None where a value must be."""
        return next((end for stored, end in self.stored.items() if stored.lower() == name.lower()), None)

    def pairs(self) -> list[tuple[str, str | None]]:
        """Name and value; None: the stored value stays."""
        found = []
        for row in self.entries:
            name, value = row.form["name"].data or "", row.form["value"].data or ""
            if name or value:
                found.append((name, value or (None if self.kept(name) is not None else "")))
        return found

    def is_repeated(self) -> bool:
        """Whether two rows name the same header, of which only one could be sent."""
        names = [name.lower() for name, _value in self.pairs()]
        return len(set(names)) < len(names)
