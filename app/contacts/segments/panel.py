"""What the page of the rule's form offers for each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.contacts.segments.builder import NOT, Builder, Row, operators
from app.contacts.segments.catalog import THINGS, Field, Kind, Known, offered
from app.contacts.segments.rule import BARE, Op
from app.contacts.segments.words import DAYS, MISSING, NOT_WORDS, OP_WORDS

CHOSEN = (Kind.CHOICE, Kind.OWNER, Kind.CATEGORY, Kind.IMPORT)
OF_UNIT = "days"
Option = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """A row with what can be chosen in it. `input` is none, select, date, days, number, two or text; `suggestions`
    names a list of words to choose from."""

    row: Row
    ops: list[Option]
    input: str
    options: list[Option]


@dataclass(frozen=True, slots=True)
class Panel:
    """`groups`: number, match and lines of each; the first is the top. `tags` are suggested. The rest says where the
    focus goes (see Builder)."""

    groups: list[tuple[int, str, list[Line]]]
    fields: list[Option]
    tags: list[str]
    new_row: int | None
    group_left: int | None


def panel(session: Session, account_id: UUID, built: Builder, fields: Mapping[str, Field]) -> Panel:
    named = {row.field for row in built.rows}
    things = {
        own.kind: offered(session, account_id, own.kind)
        for name, own in fields.items()
        if name in named and own.kind in THINGS
    }
    groups = [
        (number, match, [_line(row, fields, things) for row in built.rows_of(number)])
        for number, match in built.groups.items()
    ]
    lost = [(name, f"{name} {MISSING}") for name in sorted(named - fields.keys() - {""})]
    every = [(name, own.label) for name, own in fields.items()]
    tags = list(things.get(Kind.TAG, {}).values())
    return Panel(groups, every + lost, tags, built.new_row, built.group_left)


def with_names(built: Builder, there: Known) -> Builder:
    """Tags by their names, as people type them."""
    for row in built.rows:
        own = there.fields.get(row.field)
        if own is not None and own.kind is Kind.TAG:
            row.value = there.things[Kind.TAG].get(row.value, row.value)
    return built


def _line(row: Row, fields: Mapping[str, Field], things: Mapping[Kind, Mapping[str, str]]) -> Line:
    own = fields.get(row.field)
    if own is None:
        return Line(row, [(row.op, OP_WORDS.get(row.bare_op, row.bare_op))] if row.op else [], "text", [])  # type: ignore[call-overload]
    ops: list[Option] = [
        (op, NOT_WORDS[Op(op.removeprefix(NOT))] if is_not else OP_WORDS[Op(op)]) for op, is_not in operators(own)
    ]
    return Line(row, ops, _input(own, row), _options(own, row, things))


def _input(own: Field, row: Row) -> str:
    op = row.bare_op
    if op in BARE:
        return "none"
    if op in DAYS:
        return OF_UNIT
    if own.kind in CHOSEN or own.kind is Kind.YES_NO:
        return "select"
    if own.kind is Kind.NUMBER:
        return "two" if op == Op.BETWEEN else "number"
    if own.kind in (Kind.DATE, Kind.MOMENT):
        return "date" if len(row.value) in (0, len("2026-11-21")) else "text"
    return "tag" if own.kind is Kind.TAG else "text"


def _options(own: Field, row: Row, things: Mapping[Kind, Mapping[str, str]]) -> list[Option]:
    found: list[Option] = []
    if own.kind is Kind.YES_NO:
        found = [("yes", _("yes")), ("no", _("no"))]
    elif own.kind is Kind.CHOICE:
        found = list(own.options.items())
    elif own.kind in CHOSEN:
        found = list(things[own.kind].items())
    if row.value and own.kind in CHOSEN and row.value not in dict(found):
        found.append((row.value, MISSING))
    return found
