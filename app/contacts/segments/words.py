"""A rule in words for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.contacts.segments.catalog import THINGS, Field, Kind, Known
from app.contacts.segments.rule import BARE, Group, Leaf, Node, Not, Op, opposite
from app.core.i18n import date_text, datetime_text, number
from app.core.masking import DOTS, masks_people
from app.core.periods import is_day, read

PERSONAL = ("email", "phone")
LONGEST = 60  # characters of a value
DAYS = (Op.WITHIN_DAYS, Op.OVER_DAYS)
OP_WORDS = {
    Op.IS: _l("is"),
    Op.IS_NOT: _l("is not"),
    Op.CONTAINS: _l("contains"),
    Op.STARTS: _l("starts with"),
    Op.HAS: _l("is"),
    Op.HAS_NOT: _l("is not"),
    Op.LESS: _l("is less than"),
    Op.MORE: _l("is more than"),
    Op.BETWEEN: _l("is between"),
    Op.BEFORE: _l("before"),
    Op.AFTER: _l("after"),
    Op.ON: _l("on"),
    Op.WITHIN_DAYS: _l("in the last"),
    Op.OVER_DAYS: _l("longer ago than"),
    Op.NEVER: _l("never"),
    Op.IS_EMPTY: _l("is empty"),
    Op.IS_SET: _l("is filled in"),
}
NOT_WORDS = {  # of those that have no opposite among the operators
    Op.CONTAINS: _l("does not contain"),
    Op.STARTS: _l("does not start with"),
    Op.LESS: _l("is not less than"),
    Op.MORE: _l("is not more than"),
    Op.BETWEEN: _l("is not between"),
    Op.BEFORE: _l("not before"),
    Op.AFTER: _l("not after"),
    Op.ON: _l("not on"),
    Op.WITHIN_DAYS: _l("not in the last"),
    Op.OVER_DAYS: _l("not longer ago than"),
    Op.NEVER: _l("at some time"),
}
MISSING = _l("(no longer exists)")


@dataclass(frozen=True, slots=True)
class Line:
    """A rule as an outline: a condition has no `parts`; of a group `text` says how they are joined. `is_lost`: it names
    what is no more, and fits nobody."""

    text: str
    parts: tuple[Line, ...] = ()
    is_lost: bool = False


def sentence(node: Node, there: Known) -> str:
    """The whole rule in one line. `there` knows what it names; `node` was settled."""
    match node:
        case Leaf():
            return said(node, there)
        case Not(Leaf() as leaf):
            return said(leaf, there, is_not=True)
        case Not(part):
            return str(_("not (%(rule)s)", rule=sentence(part, there)))
        case Group(is_any, parts):
            between = str(_(" or ") if is_any else _(" and "))
            return between.join(_enclosed(part, there, len(parts)) for part in parts)


def _enclosed(part: Node, there: Known, siblings: int) -> str:
    text = sentence(part, there)
    return f"({text})" if isinstance(part, Group) and len(part.parts) > 1 and siblings > 1 else text


def outline(node: Node, there: Known) -> Line:
    match node:
        case Leaf():
            return Line(said(node, there), is_lost=node.is_lost)
        case Not(Leaf() as leaf):
            return Line(said(leaf, there, is_not=True), is_lost=leaf.is_lost)
        case Not(part):
            return Line(str(_("None of this:")), (outline(part, there),))
        case Group(is_any, parts):
            text = str(_("Any of these:") if is_any else _("All of these:"))
            return Line(text, tuple(outline(part, there) for part in parts))


def said(leaf: Leaf, there: Known, *, is_not: bool = False) -> str:
    """`Name: contains “ana”`; of what is no more, as much as is known."""
    if is_not and (other := opposite(leaf)):
        leaf, is_not = other, False
    own = there.fields.get(leaf.field)
    label = str(own.label) if own else f"{leaf.field.removeprefix('custom:')} {MISSING}"
    op = str(NOT_WORDS.get(leaf.op, OP_WORDS[leaf.op]) if is_not else OP_WORDS[leaf.op])
    return " ".join((f"{label}:", op, *_value(leaf, own, there)))


def _value(leaf: Leaf, own: Field | None, there: Known) -> Iterator[str]:
    if leaf.op in BARE:
        return
    if leaf.field in PERSONAL and masks_people():
        yield DOTS
    elif leaf.op in DAYS and isinstance(leaf.value, int):
        yield str(ngettext("%(num)d day", "%(num)d days", leaf.value))
    elif own is None:
        yield _quoted(leaf.value)
    else:
        yield _of_kind(leaf, own, there)


def _of_kind(leaf: Leaf, own: Field, there: Known) -> str:
    if own.kind in THINGS:
        name = there.things[own.kind].get(str(leaf.value))
        return str(MISSING) if name is None else _quoted(name)
    match leaf.value:
        case bool():
            return str(_("yes") if leaf.value else _("no"))
        case int() | float():
            return number(leaf.value)
        case (first, last):
            return str(_("%(first)s and %(last)s", first=number(first), last=number(last)))
        case str() if own.kind in (Kind.DATE, Kind.MOMENT) and (at := read(leaf.value)) is not None:
            return date_text(at.date()) if is_day(leaf.value) else datetime_text(at)
        case str() if own.kind is Kind.CHOICE and leaf.value in own.options:
            return str(own.options[leaf.value])
    return _quoted(leaf.value)


def _quoted(value: Any) -> str:
    text = str(value)
    return f"“{text if len(text) <= LONGEST else text[:LONGEST] + '…'}”"
