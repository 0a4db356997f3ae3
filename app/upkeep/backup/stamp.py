"""When this data folder was last backed up, for `flask doctor`, wherever the backup went."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what reads the note only, as each scrape does, needs nothing of how backups are made
    from app.upkeep.backup.taking import Taken

NAME = "last_backup.json"


def write(data_dir: Path, taken: Taken) -> None:
    path = data_dir / NAME
    draft = path.with_name(f"{NAME}.draft")
    told = {"at": taken.manifest.taken_at.isoformat(), "file": str(taken.path), "bytes": taken.size}
    draft.write_text(json.dumps(told), "utf-8")
    draft.rename(path)


def last(data_dir: Path) -> tuple[datetime, Path] | None:
    """When, and which file; None when there was none, or its note cannot be read."""
    try:
        told = json.loads((data_dir / NAME).read_text("utf-8"))
        return datetime.fromisoformat(told["at"]), Path(told["file"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
