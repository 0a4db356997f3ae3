"""The latest ids of a period as a table: sorted and a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.opens.figures import LatestId

A_PAGE = 20
DEFAULT = "-last"
KEYS: dict[str, Callable[[LatestId], Any]] = {
    "ref": lambda one: one.ref.casefold(),
    "views": lambda one: one.views,
    "automatic": lambda one: one.automatic,
    "first": lambda one: one.first_at,
    "last": lambda one: one.last_at,
}


@dataclass(frozen=True, slots=True)
class IdPage:
    rows: list[LatestId]
    sort: str
    number: int
    pages: int
    total: int


def id_page(found: Sequence[LatestId], args: Mapping[str, str]) -> IdPage:
    """`sort` (a key, `-` before it: descending) and `page` of a URL; what makes no sense is the default."""
    sort = args.get("sort", DEFAULT)
    if sort.removeprefix("-") not in KEYS:
        sort = DEFAULT
    ordered = sorted(found, key=KEYS[sort.removeprefix("-")], reverse=sort.startswith("-"))
    pages = max(-(-len(ordered) // A_PAGE), 1)
    text = args.get("page", "")
    number = min(max(int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1, 1), pages)
    return IdPage(ordered[(number - 1) * A_PAGE : number * A_PAGE], sort, number, pages, len(ordered))
