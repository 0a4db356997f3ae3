"""Opens by image, client or device, each with their class: a year of closed days costs hardly more than a week."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from app.opens import figures
from app.opens.closed import reading
from app.opens.closed.models import Kind
from app.opens.figures import Slice
from app.opens.spans import Span, closed

COLUMNS = {Kind.IMAGE: "image_id", Kind.CLIENT: "client", Kind.DEVICE: "device"}
Key = tuple[Any, str]  # image id, client or device; class
Share = Mapping[Key, Slice]
NOTHING = Slice()


def shares(
    connection: Connection, account_id: UUID, start: datetime | None, end: datetime, kinds: Sequence[Kind] = tuple(Kind)
) -> dict[Kind, Share]:
    """Of the UTC hours in [start, end), which are whole hours, by each of the kinds."""
    parts = closed(start, end, reading.closed_until(connection, account_id))
    found: dict[Kind, dict[Key, Slice]] = {kind: {} for kind in kinds}
    for text, name, open_class, *counts in reading.shares(connection, account_id, parts, kinds):
        kind = Kind(text)
        found[kind][UUID(name) if kind is Kind.IMAGE else name, open_class] = Slice(*counts)
    for kind, key, one in _of_rest(connection, account_id, parts.rest, kinds):
        found[kind][key] = found[kind].get(key, NOTHING) + one
    return {kind: {key: one for key, one in own.items() if one != NOTHING} for kind, own in found.items()}


def _of_rest(
    connection: Connection, account_id: UUID, rest: Sequence[Span], kinds: Sequence[Kind]
) -> Iterator[tuple[Kind, Key, Slice]]:
    """Of days that are not closed, and of hours."""
    by = [*(COLUMNS[kind] for kind in kinds), "class"]
    for key, one in figures.sliced(connection, account_id, rest, by).items():
        for place, kind in enumerate(kinds):
            yield kind, (key[place], key[-1]), one
