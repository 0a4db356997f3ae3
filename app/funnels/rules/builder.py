"""The actions of a rule as a form: rows of a kind and what it needs.

A row is added or removed by sending the form back, so that it works without JavaScript. Names of the form:
`row-3-kind`, `row-3-value`, `row-3-reason`, `row-3-was` (the kind that the value was asked for); the buttons are
`add_row`, `remove_row` (its number), `redraw`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.errors import Text
from app.core.schema import CONTROLS
from app.funnels.rules.actions.table import KINDS, kind_of
from app.funnels.rules.actions.tagging import AddTag
from app.funnels.rules.checking import MAX_ACTIONS
from app.funnels.rules.names import Names

NAME = re.compile(r"row-([0-9]{1,3})-(kind|value|reason|was)")
PLACE = re.compile(r"actions\.([0-9]+)(?:\.(\w+))?")


@dataclass(slots=True)
class Row:
    """As it was typed. `number` is its place on the page."""

    number: int
    kind: str = ""
    value: str = ""
    reason: str = ""
    was: str = ""
    errors: dict[str, Text] = dataclasses.field(default_factory=dict)

    @property
    def input(self) -> str:
        """By what its value is asked for; empty as long as there is no kind."""
        return KINDS[self.kind].input if self.kind in KINDS else ""

    def to_json(self) -> dict[str, Any]:
        if self.kind not in KINDS:
            return {"kind": self.kind}
        named = "tag" if self.kind == AddTag.kind else KINDS[self.kind].value
        why = {"reason": self.reason} if self.reason and "reason" in KINDS[self.kind].members else {}
        return {"kind": self.kind, named: self.value} | why


@dataclass(slots=True)
class Builder:
    """`new_row` was just added, or is the one after a removed one: where the focus goes."""

    rows: list[Row]
    new_row: int | None = None

    def change(self, form: Mapping[str, str]) -> bool:
        """Whether the form asks for another shape of itself; that is made."""
        if "add_row" in form:
            if len(self.rows) < MAX_ACTIONS:
                self.new_row = max((row.number for row in self.rows), default=-1) + 1
                self.rows.append(Row(self.new_row))
            return True
        if "remove_row" in form:
            self.rows = [row for row in self.rows if str(row.number) != form["remove_row"]] or [Row(0)]
            self.new_row = self.rows[-1].number
            return True
        return "redraw" in form

    def actions(self) -> list[dict[str, Any]]:
        return [row.to_json() for row in self._filled()]

    def refuse(self, fields: Mapping[str, Sequence[Text]]) -> dict[str, Sequence[Text]]:
        """Puts messages about actions beside their rows; what is left is for the form."""
        left: dict[str, Sequence[Text]] = {}
        filled = self._filled()
        for name, texts in fields.items():
            found = PLACE.fullmatch(name)
            if found and int(found[1]) < len(filled):
                part = found[2] if found[2] in ("kind", "reason") else "value"
                filled[int(found[1])].errors[part] = texts[0]
            else:
                left[name] = texts
        return left

    def _filled(self) -> list[Row]:
        return [row for row in self.rows if row.kind]


def empty() -> Builder:
    return Builder([Row(0)])


def from_form(form: Mapping[str, str]) -> Builder:
    """What was posted; anything odd is left out. A row whose kind was just changed loses what the other one
    was asked for."""
    rows: dict[int, Row] = {}
    for key, text in form.items():
        found = NAME.fullmatch(key)
        if found and (int(found[1]) in rows or len(rows) < MAX_ACTIONS):
            setattr(rows.setdefault(int(found[1]), Row(int(found[1]))), found[2], CONTROLS.sub("", text).strip())
    for row in rows.values():
        if row.was != row.kind:
            row.value = row.reason = ""
    return Builder([row for _number, row in sorted(rows.items())] or [Row(0)])


def from_actions(actions: Sequence[Any], names: Names) -> Builder:
    """A stored rule in rows; tags stand by their names."""
    rows = []
    for number, action in enumerate(actions):
        kind = kind_of(action)
        if kind is not None:
            ref = kind.refers(action)
            value = str(action.get(kind.value, ""))
            if kind.input == "tag":
                value = names.of(ref) if ref and names.is_there(ref) else ""
            rows.append(Row(number, kind.kind, value, str(action.get("reason") or "")))
    return Builder(rows or [Row(0)])
