"""Looking for a person in the text of kept files, however their phone is written there."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.contacts.identity import other_form
from app.core.privacy import Subject

SEPARATORS = re.compile(r"(?<=\d)[\s().\-/]{1,3}(?=\d)")  # inside of a number as people write it
OVERLAP = 512  # characters: longer than any address or number


@dataclass(frozen=True, slots=True)
class Needles:
    emails: tuple[str, ...]
    numbers: tuple[str, ...]  # digits

    @classmethod
    def of(cls, subject: Subject) -> Needles:
        """A Brazilian number without its country, with the ninth digit and without; others whole."""
        digits = [phone.removeprefix("+") for phone in subject.phones]
        forms = [form for number in digits for form in (number, other_form(number)) if form]
        return cls(subject.emails, tuple(dict.fromkeys(form.removeprefix("55") for form in forms)))

    def are_in(self, text: str) -> bool:
        lowered = text.lower()
        if any(email in lowered for email in self.emails):
            return True
        if not self.numbers:
            return False
        plain = SEPARATORS.sub("", text)
        return any(number in plain for number in self.numbers)

    def are_in_parts(self, parts: Iterable[bytes], encoding: str) -> bool:
        """Also where the end of one part is the middle of a number."""
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        tail = ""
        for part in parts:
            text = tail + decoder.decode(part)
            if self.are_in(text):
                return True
            tail = text[-OVERLAP:]
        return False
