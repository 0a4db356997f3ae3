"""What a row of a file says, checked: a candidate for a contact, or what is wrong with it. Knows no database."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from app.contacts import identity
from app.contacts.fields.models import CustomField
from app.contacts.fields.values import NO, YES, Wrong
from app.contacts.fields.values import clean as clean_custom
from app.contacts.importing.plan import CUSTOM, Plan, Target
from app.contacts.importing.reasons import Problem, Reason
from app.contacts.importing.rows import Row
from app.contacts.values import MAX_COMPANY, MAX_NAME, MAX_TAG, MAX_TAGS
from app.core.folding import folded_name, is_blank
from app.core.schema import CONTROLS

MAX_CATEGORY = 80
MAX_GROUPS = 500  # different tags, or categories, of one file: more come from a column of something else
SHORTENED = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE]\+?\d{1,3}")  # Excel's 5,51199E+12, whose last digits are lost
WHOLE = re.compile(r"(\+?\d{8,15})[.,]0{1,2}")  # a number that a program kept as one with decimals
SEPARATORS = re.compile(r"[,;|\n]")
LOCALES = {"pt": "pt_BR", "pt_br": "pt_BR", "portugues": "pt_BR", "portuguese": "pt_BR", "en": "en", "en_us": "en",
           "en_gb": "en", "ingles": "en", "english": "en"}  # fmt: skip


@dataclass(slots=True)
class Candidate:
    """What a row gives; what it leaves empty is not there. `values`: name, phone, phone_key, phone_raw, email, company
    and locale, as columns of Contact."""

    row: int
    values: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    category: str | None = None
    is_denied: bool = False  # said no to every channel
    derived: tuple[str, str] = ("", "")  # values.derived, for a contact that this row makes


Reader = Callable[[Candidate, str], Reason | None]  # takes a cell that is not empty


class Judge:
    """Reads the rows of one file, in their order."""

    def __init__(self, plan: Plan, width: int, fields: Iterable[CustomField], country: str) -> None:
        """`width`: columns of the header; `country`: calling code of national numbers."""
        self._width = width
        self._country = country
        self._seen = Seen()
        self._tags: dict[str, tuple[str, ...] | Reason] = {}  # cell -> what it says
        self._known_tags: set[str] = set()
        self._categories: dict[str, str] = {}
        own = {f"{CUSTOM}{one.key}": one for one in fields}
        known = {str(target) for target in Target} | own.keys()  # a field that was deleted since is left out
        if Target.NAME in plan.columns.values():
            known -= {Target.FIRST_NAME, Target.LAST_NAME}
        self._readers = [
            (place, self._reader(target, own)) for place, target in sorted(plan.columns.items()) if target in known
        ]

    def read(self, row: Row) -> Candidate | Problem:
        """A candidate is nobody whom an earlier row of the file was about."""
        if row.problem is not None:
            return Problem(row.number, row.problem)
        cells = row.cells
        if len(cells) > self._width and any(cell.strip() for cell in cells[self._width :]):
            return Problem(row.number, Reason.TOO_MANY_CELLS)
        found = Candidate(row.number)
        for place, read in self._readers:
            if place < len(cells) and (text := cells[place].strip()):
                reason = read(found, text)
                if reason is not None:
                    return Problem(row.number, reason, place)
        reason = self._repeats(found.values)
        return found if reason is None else Problem(row.number, reason)

    def _repeats(self, values: dict[str, Any]) -> Reason | None:
        phone, email = values.get("phone_key"), values.get("email")
        if phone is None and email is None:
            return Reason.NOBODY
        is_new = self._seen.add(f"p{phone}") if phone is not None else True
        if email is not None and not self._seen.add(email) and phone is None:
            return Reason.REPEATED  # two phones may share an address
        return None if is_new else Reason.REPEATED

    def _reader(self, target: str, own: dict[str, CustomField]) -> Reader:
        if target in own:
            return partial(_read_custom, own[target])
        readers: dict[str, Reader] = {
            Target.NAME: _read_name,
            Target.FIRST_NAME: _read_first_name,
            Target.LAST_NAME: _read_last_name,
            Target.PHONE: self._read_phone,
            Target.EMAIL: _read_email,
            Target.COMPANY: _read_company,
            Target.LOCALE: _read_locale,
            Target.TAGS: self._read_tags,
            Target.CATEGORY: self._read_category,
            Target.DO_NOT_CONTACT: _read_do_not_contact,
        }
        return readers[target]

    def _read_phone(self, found: Candidate, text: str) -> Reason | None:
        if SHORTENED.fullmatch(text):
            return Reason.PHONE_SHORTENED
        if whole := WHOLE.fullmatch(text):
            text = whole[1]
        phone = identity.read_phone(text, self._country)
        if phone is None or not is_clean(text):
            return Reason.PHONE
        values = found.values
        values["phone"], values["phone_key"], values["phone_raw"] = phone.number, phone.key, text
        return None

    def _read_tags(self, found: Candidate, text: str) -> Reason | None:
        said = self._tags.get(text)
        if said is None:
            said = self._split(text)
            if len(self._tags) < MAX_GROUPS:
                self._tags[text] = said
        if isinstance(said, Reason):
            return said
        found.tags = tuple(dict.fromkeys((*found.tags, *said)))
        return Reason.TAGS if len(found.tags) > MAX_TAGS else None

    def _split(self, text: str) -> tuple[str, ...] | Reason:
        each = (" ".join(part.split()) for part in SEPARATORS.split(text))
        names = {folded_name(name): name for name in each if not is_blank(name)}
        if len(names) > MAX_TAGS or any(len(name) > MAX_TAG or not is_clean(name) for name in names.values()):
            return Reason.TAGS
        self._known_tags |= names.keys() if len(self._known_tags | names.keys()) <= MAX_GROUPS else set()
        return tuple(names.values()) if names.keys() <= self._known_tags else Reason.TOO_MANY_GROUPS

    def _read_category(self, found: Candidate, text: str) -> Reason | None:
        known = self._categories.get(text)
        if known is None:
            known = " ".join(text.split())
            if len(known) > MAX_CATEGORY or not is_clean(known):
                return Reason.CATEGORY
            if len(self._categories) >= MAX_GROUPS:
                return Reason.TOO_MANY_GROUPS
            self._categories[text] = known
        found.category = known
        return None


def is_clean(text: str) -> bool:
    """Whether a text has nothing that cannot be shown."""
    return text.isprintable() or not CONTROLS.search(text)


def _line(text: str, most: int) -> str | None:
    plain = " ".join(text.split())
    return plain if len(plain) <= most and is_clean(plain) and not is_blank(plain) else None


def _read_name(found: Candidate, text: str) -> Reason | None:
    name = _line(text, MAX_NAME)
    if name is None:
        return Reason.NAME
    found.values["name"] = name
    return None


def _read_first_name(found: Candidate, text: str) -> Reason | None:
    last = found.values.get("name")
    return _read_name(found, f"{text} {last}" if last else text)


def _read_last_name(found: Candidate, text: str) -> Reason | None:
    first = found.values.get("name")
    return _read_name(found, f"{first} {text}" if first else text)


def _read_email(found: Candidate, text: str) -> Reason | None:
    email = identity.read_email(text)
    if email is None:
        return Reason.EMAIL
    found.values["email"] = email
    return None


def _read_company(found: Candidate, text: str) -> Reason | None:
    company = _line(text, MAX_COMPANY)
    if company is None:
        return Reason.COMPANY
    found.values["company"] = company
    return None


def _read_locale(found: Candidate, text: str) -> Reason | None:
    locale = LOCALES.get(folded_name(text).replace("-", "_"))
    if locale is None:
        return Reason.LOCALE
    found.values["locale"] = locale
    return None


def _read_do_not_contact(found: Candidate, text: str) -> Reason | None:
    said = folded_name(text)
    found.is_denied = said in YES
    return None if said in YES or said in NO else Reason.DO_NOT_CONTACT


def _read_custom(one: CustomField, found: Candidate, text: str) -> Reason | None:
    try:
        found.custom[one.key] = clean_custom(one, text)
    except Wrong:
        return Reason.CUSTOM
    return None


class Seen:
    """A set of texts in 16 to 32 bytes each, where Python's takes 130: by their 64-bit hashes, which are keyed anew in
    each process, so that no file can be made to collide."""

    def __init__(self) -> None:
        self._slots = array("q", bytes(8 * 1024))
        self._used = 0

    def add(self, text: str) -> bool:
        """Whether it was not there."""
        if self._used * 2 >= len(self._slots):
            self._grow()
        return self._put(hash(text) or 1)

    def _put(self, number: int) -> bool:
        slots = self._slots
        mask = len(slots) - 1
        at = number & mask
        while held := slots[at]:
            if held == number:
                return False
            at = (at + 1) & mask
        slots[at] = number
        self._used += 1
        return True

    def _grow(self) -> None:
        held = self._slots
        self._slots = array("q", bytes(8 * 2 * len(held)))
        self._used = 0
        for number in held:
            if number:
                self._put(number)
