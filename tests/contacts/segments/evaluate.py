"""What a rule means, said a second time in plain Python: who of some people fits it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.contacts.identity import phone_key
from app.contacts.segments.rule import Group, Leaf, Node, Not, Op
from app.core.folding import fold, folded_name

ZONE = ZoneInfo("America/Sao_Paulo")
TURNED = {Op.IS_NOT: Op.IS, Op.HAS_NOT: Op.HAS, Op.IS_EMPTY: Op.IS_SET}


@dataclass
class Somebody:
    """A contact by the names of the fields of rules; None or a missing key is nothing."""

    values: dict[str, Any]
    groups: set[str] = field(default_factory=set)  # ids of tags and categories


def fits(one: Somebody, node: Node, now: datetime) -> bool:
    match node:
        case Not(part):
            return not fits(one, part, now)
        case Group(is_any, parts):
            return (any if is_any else all)(fits(one, part, now) for part in parts)
        case Leaf():
            return _leaf(one, node, now)


def _leaf(one: Somebody, leaf: Leaf, now: datetime) -> bool:
    if leaf.op in TURNED:
        return not _leaf(one, Leaf(leaf.field, TURNED[leaf.op], leaf.value), now)
    if leaf.op is Op.HAS:
        return leaf.value in one.groups
    value = one.values.get(leaf.field)
    if leaf.op is Op.NEVER:
        return value is None
    if value is None or value == "":
        return False
    if leaf.op is Op.IS_SET:
        return True
    if leaf.field == "phone":
        return _phone(value, leaf)
    if isinstance(value, datetime):
        return _moment(value, leaf, now)
    if isinstance(value, date):
        return _day(value, leaf, now.astimezone(ZONE).date())
    if isinstance(value, str) and leaf.field in ("name", "company", "email", "custom:note"):
        return _text(_folded(leaf.field, value), _folded(leaf.field, leaf.value), leaf.op)
    return _plain(value, leaf)


def _folded(name: str, text: str) -> str:
    if name == "email":  # é and e are two addresses
        return text.lower()
    return folded_name(text) if name in ("name", "company") else fold(text)


def _text(value: str, wanted: str, op: Op) -> bool:
    return {Op.CONTAINS: wanted in value, Op.STARTS: value.startswith(wanted), Op.IS: value == wanted}[op]


def _phone(value: str, leaf: Leaf) -> bool:
    digits, key = value[1:], phone_key(value[1:])
    if leaf.op is Op.IS:
        return key == phone_key(leaf.value[1:])
    if leaf.op is Op.CONTAINS:
        return leaf.value in digits or leaf.value in key
    return any(form.startswith((leaf.value, "55" + leaf.value)) for form in (digits, key))


def _moment(value: datetime, leaf: Leaf, now: datetime) -> bool:
    if leaf.op is Op.WITHIN_DAYS:
        return value >= now - timedelta(days=leaf.value)
    if leaf.op is Op.OVER_DAYS:
        return value < now - timedelta(days=leaf.value)
    if "T" in leaf.value:
        at = datetime.fromisoformat(leaf.value)
        return value < at if leaf.op is Op.BEFORE else value >= at
    day = date.fromisoformat(leaf.value)
    first = datetime.combine(day, time(), ZONE)
    last = datetime.combine(day + timedelta(days=1), time(), ZONE)
    return {Op.BEFORE: value < first, Op.AFTER: value >= last, Op.ON: first <= value < last}[leaf.op]


def _day(value: date, leaf: Leaf, today: date) -> bool:
    if leaf.op is Op.WITHIN_DAYS:
        return today - timedelta(days=leaf.value) <= value <= today
    if leaf.op is Op.OVER_DAYS:
        return value < today - timedelta(days=leaf.value)
    day = date.fromisoformat(leaf.value)
    return {Op.BEFORE: value < day, Op.AFTER: value > day, Op.ON: value == day}[leaf.op]


def _plain(value: Any, leaf: Leaf) -> bool:
    match leaf.op:
        case Op.LESS:
            return bool(value < leaf.value)
        case Op.MORE:
            return bool(value > leaf.value)
        case Op.BETWEEN:
            return bool(leaf.value[0] <= value <= leaf.value[1])
        case _:
            return bool(value == leaf.value)
