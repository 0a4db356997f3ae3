"""Whether a rule's conditions can mean anything in an account, and their values in the form in which they are kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from app.contacts.fields.models import CustomField, FieldKind
from app.contacts.fields.values import Wrong
from app.contacts.fields.values import clean as clean_custom
from app.contacts.identity import read_phone
from app.contacts.segments.catalog import THINGS, Field, Kind, Known
from app.contacts.segments.rule import BARE, Group, Leaf, Node, Not, Op
from app.core import periods
from app.core.errors import Invalid, Text
from app.core.folding import folded_name
from app.core.ids import to_uuid
from app.core.schema import CONTROLS

MAX_VALUE = 200
MAX_DIGITS = 20
MAX_DAYS = 3_650
CLEANED = {  # those that are typed as custom fields are
    Kind.NUMBER: CustomField(kind=FieldKind.NUMBER, options=[]),
    Kind.YES_NO: CustomField(kind=FieldKind.YES_NO, options=[]),
    Kind.DATE: CustomField(kind=FieldKind.DATE, options=[]),
}
MISSING = {
    Kind.OWNER: _l("There is no such person."),
    Kind.TAG: _l("There is no such tag."),
    Kind.CATEGORY: _l("There is no such category."),
    Kind.IMPORT: _l("There is no such import."),
}


def check(node: Node, known: Known) -> Node:
    """The rule with its values as they are kept. Raises Invalid: place (`rule.all.0.value`) → words, of all that is
    wrong."""
    problems: dict[str, Text] = {}

    def judged(leaf: Leaf) -> Leaf:
        try:
            return checked(leaf, known)
        except Invalid as error:
            problems.update({place: texts[0] for place, texts in error.fields.items()})
            return leaf

    good = _each(node, judged)
    if problems:
        raise Invalid(problems)
    return good


def settled(node: Node, known: Known) -> Node:
    """A rule that was stored, its conditions marked that name what is no more."""

    def judged(leaf: Leaf) -> Leaf:
        try:
            return checked(leaf, known)
        except Invalid:
            return replace(leaf, is_lost=True)

    return _each(node, judged)


def checked(leaf: Leaf, known: Known) -> Leaf:
    """One condition with its value as it is kept. Raises Invalid with one place."""
    own = known.fields.get(leaf.field)
    if own is None:
        raise Invalid({f"{leaf.place}.field": [_l("There is no such field.")]})
    if leaf.op not in own.ops:
        raise Invalid({f"{leaf.place}.op": [_l("This field cannot be compared like that.")]})
    if leaf.op in BARE:
        return replace(leaf, value=None)
    try:
        return replace(leaf, value=_value(own, leaf.op, leaf.value, known))
    except Wrong as error:
        raise Invalid({f"{leaf.place}.value": [error.text]}) from None


def _each(node: Node, judged: Callable[[Leaf], Leaf]) -> Node:
    match node:
        case Leaf():
            return judged(node)
        case Not(part):
            return Not(_each(part, judged))
        case Group(is_any, parts):
            return Group(is_any, tuple(_each(part, judged) for part in parts))


def _value(own: Field, op: Op, value: Any, known: Known) -> Any:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise Wrong(_l("A value is needed."))
    if isinstance(value, str) and len(value) > MAX_VALUE:
        raise Wrong(_l("At most %(max)d characters.", max=MAX_VALUE))
    if op in (Op.WITHIN_DAYS, Op.OVER_DAYS):
        return _days(value)
    if op is Op.BETWEEN:
        return _range(value)
    if own.kind in THINGS:
        return _thing(own.kind, value, known)
    if own.kind in (Kind.NUMBER, Kind.YES_NO):
        return clean_custom(CLEANED[own.kind], value)
    text = _text(value)
    match own.kind:
        case Kind.PHONE:
            return _phone(text, op, known)
        case Kind.CHOICE:
            return _choice(own, text)
        case Kind.DATE:
            return _day(text)
        case Kind.MOMENT:
            return _day(text) if op is Op.ON else _moment(text, known)
        case _:
            return text


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Wrong(_l("A text."))
    text = value.strip()
    if CONTROLS.search(text):
        raise Wrong(_l("Control characters are not allowed."))
    if not folded_name(text):
        raise Wrong(_l("A value is needed."))
    return text


def _phone(text: str, op: Op, known: Known) -> str:
    """A whole number as E.164, a part of one as its digits."""
    if op in (Op.IS, Op.IS_NOT):
        phone = read_phone(text, known.country)
        if phone is None:
            raise Wrong(_l("Not a phone number. Example: (11) 98765-4321."))
        return phone.number
    digits = "".join(re.findall("[0-9]", text))
    if not digits or len(digits) > MAX_DIGITS:
        raise Wrong(_l("Digits of a phone number."))
    return digits


def _choice(own: Field, text: str) -> str:
    options = {folded_name(option): option for option in own.options}
    found = text if text in own.options else options.get(folded_name(text))
    if found is None:
        raise Wrong(_l("Not one of its options."))
    return str(found)


def _days(value: Any) -> int:
    number = clean_custom(CLEANED[Kind.NUMBER], value)
    if not isinstance(number, int) or not 1 <= number <= MAX_DAYS:
        raise Wrong(_l("A number of days, from 1 to %(max)d.", max=MAX_DAYS))
    return number


def _range(value: Any) -> tuple[Any, Any]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise Wrong(_l("Two numbers: from and to."))
    first, last = (clean_custom(CLEANED[Kind.NUMBER], one) for one in value)
    if first is None or last is None:
        raise Wrong(_l("Two numbers: from and to."))
    if first > last:
        raise Wrong(_l("The first number is above the second."))
    return first, last


def _moment(text: str, known: Known) -> str:
    """A day as `2026-11-21`, a time in UTC as `2026-11-21T14:00:00+00:00`; one without an offset is on the account's
    clock."""
    if "T" not in text:
        return _day(text)
    found = periods.read(text)
    if found is None:
        raise Wrong(_l("A date, such as 21/11/2026."))
    return periods.to_utc(found, known.zone).isoformat()


def _day(text: str) -> str:
    day = str(clean_custom(CLEANED[Kind.DATE], text))
    if periods.read(day) is None:  # beyond, arithmetic with zones runs out of calendar
        raise Wrong(_l("A date, such as 21/11/2026."))
    return day


def span(text: str, known: Known) -> tuple[datetime, datetime]:
    """What a kept day or time covers: its first moment, and the one after its last (of a time, itself)."""
    if periods.is_day(text):
        first, last = periods.moment(text, known.zone), periods.moment(text, known.zone, of_end=True)
        assert first is not None
        assert last is not None
        return first, last
    at = datetime.fromisoformat(text).astimezone(UTC)
    return at, at


def _thing(kind: Kind, value: Any, known: Known) -> str:
    """An id; a tag may be given by its name."""
    if isinstance(value, str):
        id_ = to_uuid(value)
        if id_ is not None and str(id_) in known.things[kind]:
            return str(id_)
        if kind is Kind.TAG and (found := known.tags.get(folded_name(value))):
            return found
    raise Wrong(MISSING[kind])
