"""Rules that would set each other off for ever: what each leads to, and a way round where there is one. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from app.funnels.rules.names import Names, Ref, RefKind


class Link(NamedTuple):
    """A rule: what it waits for, and what it brings about."""

    source: Ref
    targets: tuple[Ref, ...]


def find(others: Iterable[Link], new: Link) -> list[Ref] | None:
    """The way from what `new` waits for back to it, the same at both ends; None where it closes no circle."""
    onward: dict[Ref, set[Ref]] = defaultdict(set)
    for link in others:
        onward[link.source].update(link.targets)
    came_from: dict[Ref, Ref] = dict.fromkeys(new.targets, new.source)
    waiting = list(dict.fromkeys(new.targets))
    while waiting:
        at = waiting.pop(0)
        if at == new.source:
            return _way(came_from, at)
        for target in sorted(onward[at] - came_from.keys()):
            came_from[target] = at
            waiting.append(target)
    return None


def _way(came_from: dict[Ref, Ref], end: Ref) -> list[Ref]:
    way = [end]
    while len(way) == 1 or way[-1] != end:
        way.append(came_from[way[-1]])
    return way[::-1]


def words(way: list[Ref], names: Names) -> str:
    """The circle by names: "Proposal → “hot” → Proposal"; with the funnels where it goes through several."""
    funnels = {names.found[ref].funnel for ref in way if ref.kind == RefKind.STAGE and ref in names.found}
    return " → ".join(_said(ref, names, len(funnels) > 1) for ref in way)


def _said(ref: Ref, names: Names, with_funnel: bool) -> str:
    name = names.of(ref)
    if ref.kind == RefKind.TAG:
        return f"“{name}”"
    named = names.found.get(ref)
    return f"{name} ({named.funnel})" if with_funnel and named else name
