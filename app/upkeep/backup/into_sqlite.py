"""A backup into a SQLite file: written beside it, checked, then renamed into its place."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from flask import Flask

from app.core.runtime import runtime
from app.upkeep.backup import archive, places, quiet, sqlite_file
from app.upkeep.backup.manifest import Manifest
from app.upkeep.backup.refusal import Refused
from app.upkeep.backup.taking import DATABASE


class IntoSqlite:
    """`prepare`, then `with` it: `take` each member; the end of the block puts the file in its place."""

    def __init__(self, app: Flask, described: Manifest, ending: str) -> None:
        self._engine = runtime(app).engine
        file = runtime(app).settings.database_file
        assert file is not None  # the caller knows it to be SQLite
        self._file = file
        self._draft = file.with_name(f"{file.name}.restoring")
        self._described, self._ending = described, ending
        self.aside: Path | None = None

    def prepare(self, *, replace: bool) -> None:
        """Raises Refused when there is something that may not be replaced, or that is in use."""
        places.need_room(self._file.parent, self._described.size)
        if not self._file.exists() or self._file.stat().st_size == 0:
            return
        if not replace:
            raise Refused(f"{self._file} holds data; --replace puts the backup in its place (and keeps the old file).")
        quiet.refuse_live_processes(self._engine)
        self._engine.dispose()
        sqlite_file.close_down(self._file)

    def __enter__(self) -> Self:
        self._draft.unlink(missing_ok=True)  # of a restore that was killed
        return self

    def take(self, name: str, content: Iterable[bytes]) -> None:
        if name != DATABASE:
            raise Refused(f"The backup has a part that does not belong there: {name}.")
        archive.write_file(self._draft, content)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self._put()
        self._draft.unlink(missing_ok=True)

    def _put(self) -> None:
        sqlite_file.check(self._draft)
        refuse_other_counts(self._described.counts, sqlite_file.counts(self._draft))
        self._engine.dispose()
        if self._file.exists():
            self.aside = sqlite_file.move_aside(self._file, self._ending)
        self._draft.rename(self._file)
        archive.sync_folder(self._file.parent)


def refuse_other_counts(wanted: dict[str, int], found: dict[str, int]) -> None:
    """Raises Refused when what arrived is not what the backup says it holds."""
    for name in sorted({*wanted, *found}):
        if wanted.get(name) != found.get(name):
            raise Refused(
                f"{name} has {found.get(name, 'no')} rows where the backup says {wanted.get(name, 'none')}; nothing "
                "was put in its place."
            )
