"""Stored secrets written anew with the newest of ENCRYPTION_KEYS, so that the older ones can go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import update

from app.core.db import begin_write
from app.core.runtime import Runtime
from app.upkeep.sealed import SEALED, Kept, Sealed, opens

PART = 200  # rows of one transaction


@dataclass(slots=True)
class Rotated:
    """How many rows of a column are: written anew, with the newest key already, not readable by any key there is."""

    name: str
    done: int = 0
    current: int = 0
    unreadable: int = 0


def rotate(state: Runtime) -> Iterator[Rotated]:
    """Reads every stored secret with any key and writes it with the newest, while the product runs: told after each
    part, the same object until its column is through. One that is under the newest key is left alone, so a run that was
    cut short does the rest when it is begun again. One that somebody changes meanwhile is written by them with the
    newest anyway."""
    for sealed in SEALED:
        yield from _rotate_column(state, sealed)


def _rotate_column(state: Runtime, sealed: Sealed) -> Iterator[Rotated]:
    told, after = Rotated(sealed.name), None
    while True:
        with state.engine.connect() as connection:
            rows = sealed.parts(connection, PART, after)
        if not rows:
            return
        _rotate_part(state, sealed, rows, told)
        after = rows[-1][0]
        yield told


def _rotate_part(state: Runtime, sealed: Sealed, rows: list[Kept], told: Rotated) -> None:
    anew = []
    for id_, text in rows:
        if not opens(state.vault, sealed.place, (id_, text)):
            told.unreadable += 1
        elif state.vault.is_newest(text):
            told.current += 1
        else:
            anew.append((id_, text, state.vault.rotate(text)))
    if not anew:
        return
    with begin_write(state.engine) as connection:
        for id_, before, after in anew:
            unchanged = (sealed.key == id_) & (sealed.column == before)
            statement = update(sealed.table).where(unchanged).values({sealed.column_name: after})
            told.done += connection.execute(statement).rowcount
