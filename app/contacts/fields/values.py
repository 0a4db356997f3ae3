"""Values of custom fields: what each kind takes, and the form in which it is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import lazy_gettext as _l

from app.contacts.fields.models import CustomField, FieldKind
from app.core.errors import Text
from app.core.folding import folded_name
from app.core.schema import CONTROLS

MAX_TEXT = 1_000
MAX_NUMBER = Decimal(10) ** 15
MAX_DIGITS = 40
GROUPED = re.compile(r"-?\d{1,3}(?:\.\d{3}){2,}")
DAY = re.compile(
    r"(?:(?P<d>[0-9]{1,2})/(?P<m>[0-9]{1,2})/(?P<y>[0-9]{4})|(?P<yy>[0-9]{4})-(?P<mm>[0-9]{2})-(?P<dd>[0-9]{2}))"
    r"(?:[T ][0-9:.+Z-]{1,20})?"
)
A_DATE = _l("A date, such as 21/11/2026.")
YES = {"yes", "y", "true", "1", "sim", "s", "verdadeiro", "x"}
NO = {"no", "n", "false", "0", "nao", "falso"}


class Wrong(ValueError):
    """Carries the words for people."""

    def __init__(self, text: Text) -> None:
        super().__init__(str(text))
        self.text = text


def clean(field: CustomField, value: Any) -> Any:
    """A value as it is kept, from JSON or from text that somebody typed; None for nothing. Raises Wrong."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return _READERS[FieldKind(field.kind)](field, value)


def _text(_field: CustomField, value: Any) -> str:
    if not isinstance(value, str):
        raise Wrong(_l("A text."))
    if len(value) > MAX_TEXT:
        raise Wrong(_l("At most %(max)d characters.", max=MAX_TEXT))
    if CONTROLS.search(value):
        raise Wrong(_l("Control characters are not allowed."))
    return value.strip()


def _number(_field: CustomField, value: Any) -> Any:
    """As JSON keeps it: whole where it is whole. `1.234,5` and `1.234.567` are how Brazil writes it; one point alone is
    that of decimals, as programs write them."""
    if isinstance(value, bool):
        raise Wrong(_l("A number."))
    text = str(value).strip().removeprefix("R$").replace("\xa0", "").replace(" ", "")
    if "," in text or GROUPED.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    if "_" in text or len(text) > MAX_DIGITS:
        raise Wrong(_l("A number."))
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise Wrong(_l("A number.")) from None
    if not number.is_finite() or number.copy_abs() > MAX_NUMBER:  # abs() itself may overflow
        raise Wrong(_l("A number."))
    return int(number) if number == number.to_integral_value() else float(number)


def _date(_field: CustomField, value: Any) -> str:
    """The day as Brazil or ISO 8601 write it; a time behind it is left out, for spreadsheets add one to every day."""
    found = DAY.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise Wrong(A_DATE)
    day, month, year = (found["d"], found["m"], found["y"]) if found["y"] else (found["dd"], found["mm"], found["yy"])
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        raise Wrong(A_DATE) from None


def _yes_no(_field: CustomField, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = folded_name(str(value))
    if text in YES or text in NO:
        return text in YES
    raise Wrong(_l("Yes or no."))


def _choice(field: CustomField, value: Any) -> str:
    known: Mapping[str, str] = {folded_name(option): option for option in field.options}
    found = known.get(folded_name(value)) if isinstance(value, str) else None
    if found is None:
        raise Wrong(_l("Not one of its options."))
    return found


_READERS = {
    FieldKind.TEXT: _text,
    FieldKind.NUMBER: _number,
    FieldKind.DATE: _date,
    FieldKind.YES_NO: _yes_no,
    FieldKind.CHOICE: _choice,
}
