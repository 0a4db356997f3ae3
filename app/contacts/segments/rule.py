"""What a segment's rule may say: a tree of conditions, read from JSON.

    node  = {"all": [node, …]}     everybody who fits each of them
          | {"any": [node, …]}     everybody who fits one of them
          | {"not": node}          everybody else
          | {"field": …, "op": …, "value": …}

Fields and what they take stand in `catalog`, operators in `Op`. A condition on something a contact does not have does
not fit, and its `not` does: `not tag X` are all who do not carry X, whatever else they lack."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from flask_babel import lazy_gettext as _l

from app.core.errors import Invalid, Text

MAX_DEPTH = 5  # levels of nodes, conditions included
MAX_LEAVES = 50
MAX_FIELD = 64
GROUPS = ("all", "any")


class Op(StrEnum):
    """How a condition compares. `value` is what it compares with; `is_empty`, `is_set` and `never` have none."""

    IS = "is"
    IS_NOT = "is_not"
    CONTAINS = "contains"
    STARTS = "starts"
    HAS = "has"
    HAS_NOT = "has_not"
    LESS = "less"
    MORE = "more"
    BETWEEN = "between"  # [from, to], both included
    BEFORE = "before"
    AFTER = "after"  # of a date: from the day after on
    ON = "on"
    WITHIN_DAYS = "within_days"  # the last so many days
    OVER_DAYS = "over_days"  # more than so many days ago
    NEVER = "never"
    IS_EMPTY = "is_empty"
    IS_SET = "is_set"


BARE = frozenset({Op.IS_EMPTY, Op.IS_SET, Op.NEVER})
OPPOSITES = {Op.IS: Op.IS_NOT, Op.HAS: Op.HAS_NOT, Op.IS_EMPTY: Op.IS_SET}
OPPOSITES |= {second: first for first, second in OPPOSITES.items()}


@dataclass(frozen=True, slots=True)
class Leaf:
    """One condition. `place` says where it stands (`rule.all.0`); `is_lost`: it names what is no more."""

    field: str
    op: Op
    value: Any = None
    place: str = dataclasses.field(default="rule", compare=False)
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    is_any: bool
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


Node: TypeAlias = Leaf | Group | Not


def parse(given: Any, place: str = "rule") -> Node:
    """The tree of a rule; what its fields are and take, `checking` looks at. Raises Invalid with the place."""
    node = _parse(given, place, 1)
    if sum(1 for _leaf in leaves(node)) > MAX_LEAVES:
        raise wrong(place, _l("A rule has at most %(max)d conditions.", max=MAX_LEAVES))
    return node


def wrong(place: str, text: Text) -> Invalid:
    return Invalid({place: [text]})


def leaves(node: Node) -> Iterator[Leaf]:
    """All conditions, in their order."""
    match node:
        case Leaf():
            yield node
        case Not(part):
            yield from leaves(part)
        case Group(_, parts):
            for part in parts:
                yield from leaves(part)


def to_json(node: Node) -> dict[str, Any]:
    """What `parse` reads."""
    match node:
        case Not(part):
            return {"not": to_json(part)}
        case Group(is_any, parts):
            return {"any" if is_any else "all": [to_json(part) for part in parts]}
        case Leaf(name, op, value):
            value = list(value) if isinstance(value, tuple) else value
            return {"field": name, "op": str(op)} | ({} if op in BARE else {"value": value})


def opposite(leaf: Leaf) -> Leaf | None:
    """The condition that says what `not` of this one says; None where there is none."""
    other = OPPOSITES.get(leaf.op)
    return Leaf(leaf.field, other, leaf.value, leaf.place, leaf.is_lost) if other else None


def _parse(given: Any, place: str, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise wrong(place, _l("Groups are nested at most %(max)d levels deep.", max=MAX_DEPTH))
    if not isinstance(given, dict):
        raise wrong(place, _l("An object with all, any, not, or field and op."))
    if "field" in given:
        return _leaf(given, place)
    if len(given) != 1 or (name := next(iter(given))) not in (*GROUPS, "not"):
        raise wrong(place, _l("An object with all, any, not, or field and op."))
    if name == "not":
        return Not(_parse(given[name], f"{place}.not", depth + 1))
    return _group(given[name], name, f"{place}.{name}", depth)


def _group(parts: Any, name: str, place: str, depth: int) -> Group:
    if not isinstance(parts, list) or not parts:
        raise wrong(place, _l("A list of at least one condition."))
    if len(parts) > MAX_LEAVES:
        raise wrong(place, _l("A rule has at most %(max)d conditions.", max=MAX_LEAVES))
    return Group(name == "any", tuple(_parse(part, f"{place}.{at}", depth + 1) for at, part in enumerate(parts)))


def _leaf(given: dict[str, Any], place: str) -> Leaf:
    unknown = given.keys() - {"field", "op", "value"}
    if unknown:
        raise wrong(place, _l("A condition has field, op and value, nothing else."))
    name, op = given["field"], given.get("op")
    if not isinstance(name, str) or len(name) > MAX_FIELD:
        raise wrong(f"{place}.field", _l("There is no such field."))
    if not isinstance(op, str) or op not in set(Op):
        raise wrong(f"{place}.op", _l("There is no such operator."))
    return Leaf(name, Op(op), given.get("value"), place)
