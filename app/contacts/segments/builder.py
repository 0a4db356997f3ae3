"""The rule as a form: rows of field, operator and value, in one group and the groups directly below it.

A row or a group is added by sending the form back, so that it works without JavaScript. Names of the form: `match`
(all, any), `group-2-match`, `row-7-group` (0: the top), `row-7-field`, `row-7-op` (`!contains`: not), `row-7-value`,
`row-7-until`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import lazy_gettext as _l

from app.contacts.segments.catalog import Field
from app.contacts.segments.rule import BARE, Group, Leaf, Node, Not, Op, opposite
from app.contacts.segments.words import NOT_WORDS
from app.core.errors import Invalid, Text
from app.core.schema import CONTROLS

MAX_ROWS = 50
MAX_GROUPS = 10
MATCHES = ("all", "any")
NOT = "!"
NAME = re.compile(r"(row|group)-([0-9]{1,3})-(group|field|op|value|until|match)")
Place = tuple[int, str]  # of a message: number of the row, "field", "op" or "value"


@dataclass(slots=True)
class Row:
    """As it was typed. `number` is its place on the page."""

    number: int
    group: int = 0
    field: str = ""
    op: str = ""
    value: str = ""
    until: str = ""
    errors: dict[str, Text] = dataclasses.field(default_factory=dict)

    @property
    def bare_op(self) -> str:
        return self.op.removeprefix(NOT)

    @property
    def is_blank(self) -> bool:
        return not self.field

    def fit(self, own: Field | None) -> None:
        """Takes the first operator of its field when the one it has is another field's."""
        if own is not None and self.op not in [op for op, _is_not in operators(own)]:
            self.op = operators(own)[0][0]

    def to_json(self) -> dict[str, Any]:
        leaf: dict[str, Any] = {"field": self.field, "op": self.bare_op}
        if self.bare_op == Op.BETWEEN:
            leaf["value"] = [self.value, self.until]
        elif self.bare_op not in BARE:
            leaf["value"] = self.value
        return {"not": leaf} if self.op.startswith(NOT) else leaf


@dataclass(slots=True)
class Builder:
    """`groups`: number → match; 0 is the top. `new_row` was just added, `group_left` is the one that just lost a row:
    where the focus goes."""

    groups: dict[int, str]
    rows: list[Row]
    new_row: int | None = None
    group_left: int | None = None

    def rows_of(self, group: int) -> list[Row]:
        return [row for row in self.rows if row.group == group]

    def change(self, form: Mapping[str, str], fields: Mapping[str, Field]) -> bool:
        """Whether the form asks for another shape of itself; that is made. Every row has an operator of its field."""
        for row in self.rows:
            row.fit(fields.get(row.field))
        if (number := _number(form.get("add_row"))) is not None and number in self.groups:
            self._add_row(number)
        elif (number := _number(form.get("remove_row"))) is not None:
            self.group_left = next((row.group for row in self.rows if row.number == number), 0)
            self.rows = [row for row in self.rows if row.number != number]
        elif "add_group" in form:
            if len(self.groups) <= MAX_GROUPS:
                number = max(self.groups) + 1
                self.groups[number] = "any" if self.groups[0] == "all" else "all"
                self._add_row(number)
        elif number := _number(form.get("remove_group")) or 0:
            self.group_left = 0
            self.groups.pop(number, None)
            self.rows = [row for row in self.rows if row.group != number]
        elif not ("redraw" in form or "count" in form):
            return False
        return True

    def _add_row(self, group: int) -> None:
        if len(self.rows) < MAX_ROWS:
            self.new_row = max((row.number for row in self.rows), default=-1) + 1
            self.rows.append(Row(self.new_row, group))

    def rule(self) -> tuple[dict[str, Any], dict[str, Place]]:
        """As JSON, and which row stands at which place of it. Rows without a field are left out. Raises Invalid when
        none is left."""
        parts: list[Any] = []
        places: dict[str, Place] = {}
        top = self.groups[0]
        for row in self._filled(0):
            self._put(row, parts, f"rule.{top}", places)
        for number, match in self.groups.items():
            if not number or not self._filled(number):
                continue
            inner: list[Any] = []
            for row in self._filled(number):
                self._put(row, inner, f"rule.{top}.{len(parts)}.{match}", places)
            parts.append({match: inner})
        if not parts:
            raise Invalid({"rule": [_l("A segment needs at least one condition.")]})
        return {top: parts}, places

    def _filled(self, group: int) -> list[Row]:
        return [row for row in self.rows_of(group) if not row.is_blank]

    def _put(self, row: Row, parts: list[Any], prefix: str, places: dict[str, Place]) -> None:
        said = row.to_json()
        inner = ".not" if "not" in said else ""
        places |= {f"{prefix}.{len(parts)}{inner}.{name}": (row.number, name) for name in ("field", "op", "value")}
        parts.append(said)

    def refuse(self, error: Invalid, places: Mapping[str, Place]) -> None:
        """Puts messages about the rule beside their rows."""
        rows = {row.number: row for row in self.rows}
        for place, texts in error.fields.items():
            if place in places:
                number, name = places[place]
                rows[number].errors[name] = texts[0]


def empty() -> Builder:
    return Builder({0: "all"}, [Row(0)])


def operators(own: Field) -> list[tuple[str, bool]]:
    """What a row of the field can choose from, each as (as the form says it, whether it is a `not`)."""
    plain = [(str(op), False) for op in own.ops]
    return plain + [(NOT + op, True) for op in own.ops if op in NOT_WORDS]


def from_form(form: Mapping[str, str]) -> Builder:
    """What was posted; anything odd is left out or blank."""
    groups = {0: _match(form.get("match"))}
    rows: dict[int, Row] = {}
    for kind, number, name, text in _given(form):
        if kind == "group" and name == "match" and number and len(groups) <= MAX_GROUPS:
            groups[number] = _match(text)
        elif kind == "row" and (number in rows or len(rows) < MAX_ROWS):
            row = rows.setdefault(number, Row(number))
            if name == "group":
                row.group = _number(text) or 0
            elif name != "match":
                setattr(row, name, text)
    kept = [row if row.group in groups else replace(row, group=0) for _number_, row in sorted(rows.items())]
    return Builder(dict(sorted(groups.items())), kept)


def from_node(node: Node) -> Builder | None:
    """A rule in rows; None for one that goes deeper than the page does."""
    top = node if isinstance(node, Group) else Group(is_any=False, parts=(node,))
    made = Builder({0: _match_of(top)}, [])
    for part in top.parts:
        if isinstance(part, Group):
            number = max(made.groups) + 1
            made.groups[number] = _match_of(part)
            inner: Iterable[Node] = part.parts
        else:
            number, inner = 0, (part,)
        for one in inner:
            row = _row(len(made.rows), number, one)
            if row is None:
                return None
            made.rows.append(row)
    return made if len(made.groups) <= MAX_GROUPS + 1 else None


def _row(number: int, group: int, node: Node) -> Row | None:
    match node:
        case Not(Leaf() as leaf):
            turned = opposite(leaf)
            leaf, mark = (turned, "") if turned else (leaf, NOT)
        case Leaf() as leaf:
            mark = ""
        case _:
            return None
    first, until = leaf.value if leaf.op is Op.BETWEEN and isinstance(leaf.value, tuple | list) else (leaf.value, None)
    return Row(number, group, leaf.field, f"{mark}{leaf.op}", _typed(first), _typed(until))


def _typed(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return str(value).replace(".", ",") if value < 1e15 else str(value)
        case _:
            return str(value)


def _given(form: Mapping[str, str]) -> Iterator[tuple[str, int, str, str]]:
    for key, text in form.items():
        if found := NAME.fullmatch(key):
            yield found[1], int(found[2]), found[3], CONTROLS.sub("", text).strip()


def _match(text: str | None) -> str:
    return text if text in MATCHES else MATCHES[0]


def _match_of(group: Group) -> str:
    return "any" if group.is_any else "all"


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 3 else None
